"""When a contact's next birthday is, and why no greeting will be sent then, if none will."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.engine import today_in
from db.store.people import contacts
from db.store.people.accounts import AccountRecord
from db.store.reports.forecasts import upcoming_birthdays
from db.tables import Contact
from worker.errors import Reason
from worker.rules.dates.birthdays import next_birthday
from worker.rules.messages.drafts import find_addressee_name
from worker.rules.model import Birthday, ContactStatus
from worker.rules.names.spoken_name import NoName


@dataclass(frozen=True, slots=True)
class NextGreeting:
    """The next birthday; `on` is None if it isn't known.

    `left_out` is why no greeting will be sent: as things stand now, a campaign of that day would leave the
    person out. `is_scheduled`: campaigns start by themselves.
    """

    on: date | None
    turns: int | None
    left_out: Reason | None
    is_scheduled: bool


def find_next_greeting(session: Session, account: AccountRecord, contact_id: int) -> NextGreeting:
    """Return what would become of the greeting for the contact's next birthday."""
    row = session.scalars(select(Contact).where(Contact.id == contact_id)).one()
    today = today_in(session, account.zone)
    on = None
    if row.birth_month is not None and row.birth_day is not None:
        on = next_birthday(Birthday(row.birth_month, row.birth_day), today)
    return NextGreeting(
        on=on,
        turns=on.year - row.birth_year if on and row.birth_year else None,
        left_out=_find_obstacle(session, row, on, today),
        is_scheduled=upcoming_birthdays.has_birthday_schedule(session, account.id),
    )


def _find_obstacle(session: Session, row: Contact, on: date | None, today: date) -> Reason | None:
    if row.do_not_contact:
        return Reason.DO_NOT_CONTACT
    if row.status != ContactStatus.CONNECTED:
        return Reason.NOT_CONNECTED
    if row.moved_to is not None:
        return Reason.ADDRESS_MOVED
    if isinstance(find_addressee_name(contacts.get_addressee(session, row.id, today)), NoName):
        return Reason.NO_NAME
    if on is not None and row.hold_until is not None and row.hold_until > on:
        return Reason.ON_HOLD
    return None
