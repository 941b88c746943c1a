"""The answer of `GET /data/forecast` and `rapport forecast --json`."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from db.store.reports.forecasts.birthday_forecast import AccountForecast
from tasks.contract import BirthdayOptions
from worker.rules.quota.forecast import ActionForecast

MAX_DAYS: Final = 180
DEFAULT_LATE_DAYS: Final = BirthdayOptions().late_days
"""How late a greeting may be if neither a schedule nor a campaign of the account says."""


class End(StrEnum):
    """How a birthday ends."""

    IN_TIME = "in_time"
    LATE = "late"
    MISSED = "missed"


class PersonForecast(BaseModel):
    """One birthday, and when its greeting goes out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "contact_id": 12,
                    "full_name": "Bea Moreau",
                    "birthday_on": "2026-12-01",
                    "until_on": "2026-12-04",
                    "end": "late",
                    "reached_at": "2026-12-02T07:30:00Z",
                    "reached_on": "2026-12-02",
                    "days_late": 1,
                    "held_back": "day_limit",
                    "planned": False,
                }
            ]
        }
    )

    contact_id: int
    full_name: str
    birthday_on: date
    until_on: date = Field(description="The last day on which it may be greeted.")
    end: End
    reached_at: datetime | None
    reached_on: date | None = Field(description="The day of `reached_at` in the account's zone.")
    days_late: int | None = Field(description="Null if it is missed.")
    held_back: str | None = Field(description="What it waited for, if it is late or missed.")
    planned: bool = Field(description="A campaign has planned it already.")


class DayForecast(BaseModel):
    """One day in the account's zone: its greetings and its limit in force."""

    on: date
    used: int
    limit: int


class ForecastSummary(BaseModel):
    """When birthday greetings go out, found by playing the quota's rule forward from now.

    It assumes that a campaign starts at each opening of the working hours, that each greeting succeeds after
    the mean gap, that nothing but greetings uses the quota, and that everybody has a name and a template.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account": "ann",
                    "time_zone": "Europe/Paris",
                    "as_of": "2026-11-29T09:00:00Z",
                    "last_on": "2026-12-28",
                    "late_days": 3,
                    "birthdays": 25,
                    "in_time": 22,
                    "late": 2,
                    "missed": 1,
                    "held_back_by": {"day_limit": 3},
                    "stopped_by": None,
                    "unapproved": 0,
                    "paused": 0,
                    "days": [{"on": "2026-11-29", "used": 3, "limit": 15}],
                }
            ]
        }
    )

    account: str
    time_zone: str
    as_of: datetime
    last_on: date = Field(description="The last birthday of the forecast.")
    late_days: int = Field(description="How many days late a greeting may be; after that it is missed.")
    birthdays: int
    in_time: int
    late: int
    missed: int
    held_back_by: dict[str, int] = Field(description="How many are late or missed, by reason.")
    stopped_by: str | None = Field(description="What stops the account now; the forecast ignores it.")
    unapproved: int = Field(description="How many wait for approval; the forecast counts them as approved.")
    paused: int = Field(
        description="How many wait in a paused campaign; the forecast counts them as if it were running."
    )
    days: list[DayForecast]


class ForecastAnswer(ForecastSummary):
    """The forecast with each birthday."""

    model_config = ConfigDict(json_schema_extra={"examples": []})

    people: list[PersonForecast]


def find_end(action: ActionForecast) -> End:
    """Return how one birthday ends."""
    if action.reached_at is None:
        return End.MISSED
    return End.LATE if action.days_late else End.IN_TIME


def build_forecast_answer(found: AccountForecast) -> ForecastAnswer:
    """Return the answer for an account's forecast."""
    return ForecastAnswer(
        **dict(build_forecast_summary(found)),
        people=[build_person(action) for action in found.forecast.actions],
    )


def build_forecast_summary(found: AccountForecast) -> ForecastSummary:
    """Return the answer for an account's forecast, without the people."""
    actions = found.forecast.actions
    ends = Counter(find_end(action) for action in actions)
    return ForecastSummary(
        account=found.account.name,
        time_zone=found.account.zone.key,
        as_of=found.now,
        last_on=found.last,
        late_days=found.late_days,
        birthdays=len(actions),
        in_time=ends[End.IN_TIME],
        late=ends[End.LATE],
        missed=ends[End.MISSED],
        held_back_by=_count_reasons(actions),
        stopped_by=found.halts[0].code if found.halts else None,
        unapproved=found.unapproved,
        paused=found.paused,
        days=[DayForecast(on=day.on, used=day.used, limit=day.limit) for day in found.forecast.days],
    )


def _count_reasons(actions: Sequence[ActionForecast]) -> dict[str, int]:
    reasons = (each.held_back for each in actions if find_end(each) is not End.IN_TIME)
    return {str(reason): count for reason, count in Counter(filter(None, reasons)).most_common()}


def build_person(forecast: ActionForecast) -> PersonForecast:
    """Return the answer for one birthday."""
    expected = forecast.action
    return PersonForecast(
        contact_id=expected.contact_id,
        full_name=expected.full_name,
        birthday_on=expected.on,
        until_on=expected.until,
        end=find_end(forecast),
        reached_at=forecast.reached_at,
        reached_on=forecast.reached_on,
        days_late=forecast.days_late if forecast.reached_at is not None else None,
        held_back=forecast.held_back,
        planned=expected.campaign is not None,
    )
