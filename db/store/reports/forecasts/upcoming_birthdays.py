"""Birthdays of the coming days, with what would become of a greeting for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.store.people.accounts import AccountRecord
from db.store.people.contacts import DueBirthday
from db.store.reports.forecasts import birthday_forecast
from db.store.reports.forecasts.birthday_forecast import AccountForecast
from db.tables import Schedule
from worker.errors import Reason
from worker.rules.messages.drafts import find_addressee_name
from worker.rules.model import ActionState, CampaignKind
from worker.rules.names.spoken_name import SpokenName

MAX_DAYS: Final = 180
"""Of further birthdays, nobody needs to know yet whether they would be greeted."""


@dataclass(frozen=True, slots=True)
class UpcomingBirthday:
    """One birthday. `turns` is the age, None without a year of birth.

    `call_by` is None if no name is certain. `greeting_at` is when a greeting would be sent, by the forecast,
    or None; `left_out` is why there is none.
    """

    on: date
    days: int
    account: str
    contact_id: int
    full_name: str
    profile_url: str
    turns: int | None
    call_by: str | None
    planned_as: ActionState | None
    greeting_at: datetime | None
    left_out: Reason | None


def list_upcoming_birthdays(
    session: Session, account: AccountRecord, *, days: int, default_late_days: int
) -> Sequence[UpcomingBirthday]:
    """Return the birthdays of today and the next `days` - 1 days, the nearest first."""
    found = birthday_forecast.forecast_birthdays(
        session, account, days=days, default_late_days=default_late_days
    )
    reached = map_reached(found)
    upcoming = [describe_birthday(found, person, reached) for person in list_birthdays_of(found)]
    return sorted(upcoming, key=lambda each: (each.on, each.full_name, each.contact_id))


def list_birthdays_of(found: AccountForecast) -> Sequence[DueBirthday]:
    """Return the birthdays of a forecast's days, by day and contact: also of people who are left out."""
    today = found.today
    return sorted(
        (person for person in found.due if today <= person.on <= found.last),
        key=lambda person: (person.on, person.contact_id),
    )


def map_reached(found: AccountForecast) -> Mapping[tuple[int, date], datetime | None]:
    """Return when each birthday of a forecast is reached, by contact and day."""
    return {(each.action.contact_id, each.action.on): each.reached_at for each in found.forecast.actions}


def describe_birthday(
    found: AccountForecast, person: DueBirthday, reached: Mapping[tuple[int, date], datetime | None]
) -> UpcomingBirthday:
    """Return one birthday of a forecast; `reached` is that of `map_reached`."""
    spoken = find_addressee_name(person.addressee)
    name = spoken.first if isinstance(spoken, SpokenName) else None
    left_out = person.left_out or (None if name else Reason.NO_NAME)
    greeting_at = None if left_out else reached.get((person.contact_id, person.on))
    if left_out is None and greeting_at is None and person.held_until is not None:
        left_out = Reason.ON_HOLD
    return UpcomingBirthday(
        on=person.on,
        days=(person.on - found.today).days,
        account=found.account.name,
        contact_id=person.contact_id,
        full_name=person.full_name,
        profile_url=person.profile_url,
        turns=person.on.year - person.birth_year if person.birth_year else None,
        call_by=name,
        planned_as=person.planned_as,
        greeting_at=greeting_at,
        left_out=left_out,
    )


def has_birthday_schedule(session: Session, account_id: int) -> bool:
    """Return whether birthday campaigns of the account start by themselves."""
    scheduled = select(Schedule.id).where(
        Schedule.account_id == account_id, Schedule.kind == CampaignKind.BIRTHDAY, Schedule.enabled
    )
    return session.scalar(scheduled) is not None
