"""Birthdays of the coming days, with what would become of a greeting for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.engine import today_in
from db.store.people import contacts
from db.store.people.accounts import AccountRecord
from db.store.reports import birthday_forecast
from db.tables import Contact, Schedule
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
    today = today_in(session, account.zone)
    found = contacts.list_due_birthdays(
        session,
        account.id,
        today + timedelta(days=days - 1),
        days - 1,
    )
    forecast = birthday_forecast.forecast_birthdays(
        session, account, days=days, default_late_days=default_late_days
    ).forecast
    reached = {(each.action.contact_id, each.action.on): each.reached_at for each in forecast.actions}
    ids = [person.contact_id for person in found]
    years = dict(session.execute(select(Contact.id, Contact.birth_year).where(Contact.id.in_(ids))).all())
    upcoming = []
    for person in found:
        spoken = find_addressee_name(person.addressee)
        name = spoken.first if isinstance(spoken, SpokenName) else None
        left_out = person.left_out or (None if name else Reason.NO_NAME)
        greeting_at = None if left_out else reached.get((person.contact_id, person.on))
        if left_out is None and greeting_at is None and person.held_until is not None:
            left_out = Reason.ON_HOLD
        year = years[person.contact_id]
        upcoming.append(
            UpcomingBirthday(
                on=person.on, days=(person.on - today).days, account=account.name,
                contact_id=person.contact_id, full_name=person.full_name, profile_url=person.profile_url,
                turns=person.on.year - year if year else None, call_by=name, planned_as=person.planned_as,
                greeting_at=greeting_at,
                left_out=left_out,
            )
        )  # fmt: skip
    return sorted(upcoming, key=lambda each: (each.on, each.full_name, each.contact_id))


def has_birthday_schedule(session: Session, account_id: int) -> bool:
    """Return whether birthday campaigns of the account start by themselves."""
    scheduled = select(Schedule.id).where(
        Schedule.account_id == account_id, Schedule.kind == CampaignKind.BIRTHDAY, Schedule.enabled
    )
    return session.scalar(scheduled) is not None
