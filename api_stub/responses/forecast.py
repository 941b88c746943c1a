"""What `GET /data/forecast` and `rapport forecast --json` answer."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, Field

from db.store.quota.birthday_forecast import AccountForecast
from tasks.contract import BirthdayOptions
from worker.rules.quota.forecast import ActionForecast

MAX_DAYS: Final = 180
DEFAULT_LATE_DAYS: Final = BirthdayOptions().late_days
"""How late a greeting may be where neither a schedule nor a campaign of the account says."""


class End(StrEnum):
    """What becomes of somebody's birthday."""

    IN_TIME = "in_time"
    LATE = "late"
    MISSED = "missed"


class PersonForecast(BaseModel):
    """One birthday: when it is, and when the greeting goes out."""

    contact_id: int
    full_name: str
    birthday_on: date
    until_on: date = Field(description="The last day on which it may be greeted.")
    end: End
    reached_at: datetime | None
    reached_on: date | None = Field(description="The day of `reached_at` in the account's zone.")
    days_late: int | None = Field(description="Null for who is missed.")
    held_back: str | None = Field(description="Why it is late or missed: what was waited for.")
    planned: bool = Field(description="A campaign has planned it already.")


class DayForecast(BaseModel):
    """One day of the account's zone: how many greetings, and how many its limit in force allows."""

    on: date
    used: int
    limit: int


class ForecastAnswer(BaseModel):
    """Who is reached when, as the quota's rule tells if it is played forward from now.

    Assumed is that a campaign runs at each opening of the working hours, that each greeting succeeds after
    the mean gap, that nothing but greetings uses the quota, and that everybody has a name and a template.
    """

    account: str
    time_zone: str
    as_of: datetime
    last_on: date = Field(description="The last birthday told of.")
    late_days: int = Field(description="A greeting may be so many days late; then it is missed.")
    birthdays: int
    in_time: int
    late: int
    missed: int
    held_back_by: dict[str, int] = Field(description="How many are late or missed for which reason.")
    stopped_by: str | None = Field(description="What stops the account now; told is as if it went on.")
    unapproved: int = Field(description="How many wait for approval; told is as if they had it.")
    paused: int = Field(description="How many wait in a paused campaign; told is as if it went on.")
    days: list[DayForecast]
    people: list[PersonForecast]


def find_end(outlook: ActionForecast) -> End:
    """Return what becomes of one person."""
    if outlook.reached_at is None:
        return End.MISSED
    return End.LATE if outlook.days_late else End.IN_TIME


def build_forecast_answer(found: AccountForecast) -> ForecastAnswer:
    """Return the forecast as numbers."""
    people = found.forecast.people
    ends = Counter(find_end(outlook) for outlook in people)
    return ForecastAnswer(
        account=found.account.name,
        time_zone=found.account.zone.key,
        as_of=found.now,
        last_on=found.last,
        late_days=found.late_days,
        birthdays=len(people),
        in_time=ends[End.IN_TIME],
        late=ends[End.LATE],
        missed=ends[End.MISSED],
        held_back_by=_count_reasons(people),
        stopped_by=found.stopped_by,
        unapproved=found.unapproved,
        paused=found.paused,
        days=[DayForecast(on=day.on, used=day.used, limit=day.limit) for day in found.forecast.days],
        people=[_build_person(outlook) for outlook in people],
    )


def _count_reasons(people: Sequence[ActionForecast]) -> dict[str, int]:
    reasons = (one.held_back for one in people if find_end(one) is not End.IN_TIME)
    return {str(reason): count for reason, count in Counter(filter(None, reasons)).most_common()}


def _build_person(outlook: ActionForecast) -> PersonForecast:
    person = outlook.person
    return PersonForecast(
        contact_id=person.contact_id,
        full_name=person.full_name,
        birthday_on=person.on,
        until_on=person.until,
        end=find_end(outlook),
        reached_at=outlook.reached_at,
        reached_on=outlook.reached_on,
        days_late=outlook.days_late if outlook.reached_at is not None else None,
        held_back=outlook.held_back,
        planned=person.campaign is not None,
    )
