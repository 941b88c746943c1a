"""Bodies of the routes for schedules."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api_stub.http.v1.fields import ShortText
from db.store.campaigns.schedules import ScheduleRecord
from worker.rules.dates.schedule_times import list_next_fires
from worker.rules.model import CampaignKind

_FIRES_SHOWN: Final = 3


class ScheduleIn(BaseModel):
    """When campaigns start, and with which options."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"cron": "0 9 * * 1-5", "options": {"approval": True}}]},
    )

    cron: ShortText = Field(
        description="Minute, hour, day, month, weekday, in the account's zone. `0 9 * * 1-5`: at 9, weekdays."
    )
    options: dict[str, JsonValue] = Field(
        {}, max_length=20, description="The options of this kind of campaign, as to start one."
    )


class ScheduleOut(BaseModel):
    """One schedule. A disabled one keeps its options."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account": "demo",
                    "kind": "birthday",
                    "time_zone": "Europe/Paris",
                    "cron": "0 9 * * 1-5",
                    "options": {"approval": True},
                    "enabled": True,
                    "next_starts": ["2026-11-02T08:00:00Z", "2026-11-03T08:00:00Z", "2026-11-04T08:00:00Z"],
                }
            ]
        }
    )

    account: str
    kind: CampaignKind
    time_zone: str
    cron: str
    options: dict[str, JsonValue]
    enabled: bool
    next_starts: list[datetime] = Field(description="The next three; none while it is switched off.")


def build_schedule(record: ScheduleRecord, now: datetime) -> ScheduleOut:
    """Return the answer for a schedule as it is at `now`."""
    return ScheduleOut(
        account=record.account,
        kind=record.kind,
        time_zone=record.zone.key,
        cron=record.cron,
        options=record.options,
        enabled=record.enabled,
        next_starts=list(list_next_fires(record.cron, record.zone, now, count=_FIRES_SHOWN))
        if record.enabled
        else [],
    )
