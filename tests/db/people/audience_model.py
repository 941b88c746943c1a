"""A plain model of db/queries/due_birthdays.sql: whom a birthday campaign greets, and whom it leaves out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from worker.errors import Reason
from worker.rules.dates.birthdays import birthday_in, birthday_occasion
from worker.rules.model import Birthday, ContactStatus


@dataclass(frozen=True, slots=True)
class Person:
    """The facts that decide whether a contact is greeted.

    `greeted_for` holds the occasions already greeted: by Rapport, by its predecessor or by the owner.
    """

    birthday: Birthday | None
    status: ContactStatus
    do_not_contact: bool
    last_greeted_on: date | None
    greeted_for: Collection[str]


@dataclass(frozen=True, slots=True)
class Due:
    """A birthday celebrated on `on`. `left_out` says why the person is not greeted; None if they are."""

    on: date
    left_out: Reason | None


def due(person: Person, today: date, late_days: int) -> Due | None:
    """Return whether a campaign of `today` greets this person, or None if it doesn't consider them.

    It doesn't if the birthday is neither today nor in the last `late_days` days, or if the person never was
    a connection. Do-not-contact wins over every other reason.
    """
    if person.birthday is None or person.status is ContactStatus.PROSPECT:
        return None
    birthdays = (birthday_in(person.birthday, year) for year in (today.year, today.year - 1))
    on = next((day for day in birthdays if 0 <= (today - day).days <= late_days), None)
    if on is None:
        return None
    greeted = person.last_greeted_on is not None and person.last_greeted_on >= on
    reasons = (
        (person.do_not_contact, Reason.DO_NOT_CONTACT),
        (greeted or birthday_occasion(on) in person.greeted_for, Reason.ALREADY_GREETED),
        (person.status is ContactStatus.NOT_CONNECTED, Reason.NOT_CONNECTED),
    )
    return Due(on, next((reason for holds, reason in reasons if holds), None))
