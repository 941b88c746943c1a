"""The list of an account's people: searched, filtered, sorted by name or by next birthday."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.engine import today_in
from db.store.identity import doubts
from db.store.people import search
from db.store.people.accounts import AccountRecord
from db.store.people.namesakes import find_namesakes
from db.store.people.people_filters import NameFilter, PeopleFilters, PeopleOrder
from db.store.people.search import Sought
from db.tables import Contact, ImportDoubt
from worker.rules.dates.birthdays import next_birthday
from worker.rules.messages.drafts import Addressee, find_addressee_name
from worker.rules.model import Birthday, ContactStatus
from worker.rules.names.spoken_name import SpokenName

PAGE: Final = 50
_NAMES_AT_ONCE: Final = 250
_MOST_NAMES: Final = 1_000
"""Names that are read for one page of people without a certain name; each takes a rule 0.1 ms."""


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One person as the list shows them. Unknown values are empty or None.

    `called` is what greetings call the person, None if no name is certain. `next_birthday` is celebrated on
    that day. `address_end` is the last part of the profile address if another contact of the account has the
    same name, else empty.
    """

    id: int
    name: str
    called: str | None
    set_by_hand: bool
    headline: str
    company: str
    next_birthday: date | None
    status: ContactStatus
    language: str | None
    hold_until: date | None
    do_not_contact: bool
    last_greeted_on: date | None
    address_end: str

    @property
    def work(self) -> str:
        """Headline or position, and the company unless that names it."""
        company = "" if self.company in self.headline else self.company
        return ", ".join(filter(None, (self.headline, company)))


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """A page of the list. `after` is the contact that the next page follows, None on the last page.

    `count` is as in FoundPeople; None if names were read one by one, and then the page may be short although
    others follow.
    """

    people: Sequence[PersonLine]
    after: int | None
    count: int | None


def list_people(
    session: Session,
    account: AccountRecord,
    given: str,
    filters: PeopleFilters,
    *,
    order: PeopleOrder = PeopleOrder.NAME,
    after: int | None = None,
) -> PeoplePage:
    """Return the PAGE people after the contact `after` whom `given` finds: words, or a profile address."""
    words, addresses = search.read_query(session, given)
    sought = Sought(
        account.id,
        today_in(session, account.zone),
        words,
        addresses,
        filters,
        _list_doubtful(session, account.id) if filters.doubts else None,
        order,
    )
    if filters.name is NameFilter.NONE:
        return _list_nameless(session, sought, after)
    found = search.find_people(session, sought, after=after, limit=PAGE)
    people = list(_read_lines(session, found.ids, sought.today))
    return PeoplePage(people, found.ids[-1] if found.more else None, found.count)


def _list_nameless(session: Session, sought: Sought, after: int | None) -> PeoplePage:
    """Return those among the next people whom no name is certain for; at most _MOST_NAMES are looked at."""
    nameless: list[PersonLine] = []
    for _ in range(0, _MOST_NAMES, _NAMES_AT_ONCE):
        found = search.find_people(session, sought, after=after, limit=_NAMES_AT_ONCE, count=False)
        for person in _read_lines(session, found.ids, sought.today):
            if person.called is None:
                nameless.append(person)
                if len(nameless) == PAGE:
                    return PeoplePage(nameless, person.id, None)
        after = found.ids[-1] if found.more else None
        if after is None:
            break
    return PeoplePage(nameless, after, None)


def _list_doubtful(session: Session, account_id: int) -> Collection[int]:
    """Return the contacts about whom a person is asked: whose birthday it is, or who they are."""
    asked = (
        select(ImportDoubt.contact_id)
        .join(Contact, Contact.id == ImportDoubt.contact_id)
        .where(ImportDoubt.settled_at.is_(None), Contact.account_id == account_id)
    )
    return {*session.scalars(asked), *doubts.list_waiting(session, account_id)}


def _read_lines(session: Session, ids: Sequence[int], today: date) -> Iterator[PersonLine]:
    """Yield the contacts in the order of `ids`."""
    found = {row.id: row for row in session.scalars(select(Contact).where(Contact.id.in_(ids)))}
    namesakes = find_namesakes(session, ids)
    for contact_id in ids:
        row = found[contact_id]
        facts = row.profile
        name = find_addressee_name(
            Addressee(row.id, row.full_name, row.language, row.call_by, facts.get("location"))
        )
        born = Birthday(row.birth_month, row.birth_day) if row.birth_month and row.birth_day else None
        yield PersonLine(
            id=row.id,
            name=row.full_name,
            called=name.first if isinstance(name, SpokenName) else None,
            set_by_hand=row.call_by is not None,
            headline=facts.get("headline") or facts.get("position") or "",
            company=facts.get("company") or "",
            next_birthday=next_birthday(born, today) if born else None,
            status=ContactStatus(row.status),
            language=row.language,
            hold_until=row.hold_until if row.hold_until and row.hold_until > today else None,
            do_not_contact=row.do_not_contact,
            last_greeted_on=row.last_greeted_on,
            address_end=namesakes.get(row.id, ""),
        )
