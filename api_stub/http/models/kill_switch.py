"""Bodies of the kill switch routes."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from tasks.contract import ActorName


class KillSwitchIn(BaseModel):
    """On: nothing is done for any account until it is off."""

    model_config = ConfigDict(extra="forbid")

    on: StrictBool
    by: ActorName = Field("the API", description="Who decides.")


class KillSwitchOut(BaseModel):
    """The kill switch. If it was pulled twice, the first pull is shown."""

    on: bool
    pulled_at: datetime | None = None
    pulled_by: str | None = None
