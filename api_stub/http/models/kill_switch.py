"""Bodies of the kill switch routes."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from tasks.contract import ActorName


class KillSwitchIn(BaseModel):
    """On: nothing is done for any account until it is off."""

    model_config = ConfigDict(extra="forbid")

    on: StrictBool
    by: ActorName | None = Field(
        None, description="For whom the key's owner decides. It is stored behind the key's name."
    )


class KillSwitchOut(BaseModel):
    """The kill switch. If it was pulled twice, the first pull is shown."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"on": True, "pulled_at": "2026-11-29T09:00:00Z", "pulled_by": "crm"}]
        }
    )

    on: bool
    pulled_at: datetime | None = None
    pulled_by: str | None = None
