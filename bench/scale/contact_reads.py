"""What reads an account's contacts, as the application reads them: timed by `bench.scale.million`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from api_stub.explain.why import find_outlook
from db.engine import today_in
from db.store.actions import interactions
from db.store.people import accounts, contact_list, lookup, search, visits
from db.store.people.contact_list import ContactFilters
from db.store.people.search import Sought
from db.store.reports import gate_facts, overview
from db.tables import Contact
from tasks.campaigns.plan_birthdays import start_birthday_campaign
from tasks.contract import BirthdayOptions
from worker import clock

PAGE: Final = 100
MIDDLE: Final = timedelta(days=5 * 365)
"""How long ago half of what happened in the ten years that are filled had happened."""

Work = Callable[[Session, int], object]


def plan_a_day(session: Session, _: int) -> None:
    """Plan the account's birthdays; the caller takes it back."""
    account = accounts.get_account(session, 1)
    start_birthday_campaign(session, account, uuid4(), BirthdayOptions(read_site=False))


def explain_contact(session: Session, number: int) -> None:
    """Answer why a person with a planned greeting waits."""
    planned = session.scalars(
        text("select contact_id from actions where state = 'planned' order by id offset :number limit 1"),
        {"number": number % 20},
    ).one()
    facts = gate_facts.get_contact_facts(session, planned)
    assert facts.action is not None
    find_outlook(session, facts)


def explain_account(session: Session, _: int) -> None:
    """Answer why the account waits."""
    find_outlook(session, gate_facts.get_account_facts(session, 1))


def search_people(typed: Callable[[Session, int], str]) -> Work:
    """Search as the console does, for the first page."""

    def work(session: Session, number: int) -> None:
        words, addresses = search.read_query(session, typed(session, number))
        account = accounts.get_account(session, 1)
        sought = Sought(1, today_in(session, account.zone), words, addresses)
        search.find_people(session, sought, after=None, limit=50)

    return work


def list_by_text(typed: Callable[[Session, int], str]) -> Work:
    """List as `GET /v1/contacts?text=` does, for the first page."""

    def work(session: Session, number: int) -> None:
        filters = ContactFilters(account="demo", text=typed(session, number))
        contact_list.list_contacts(session, filters, limit=PAGE)

    return work


def list_page(page: Callable[[Session, bool], Sequence[object]], *, deep: bool) -> Work:
    """Read a full page of a list: its first, or one from its middle."""

    def work(session: Session, _: int) -> None:
        assert len(page(session, deep)) == PAGE

    return work


def page_of_contacts(session: Session, deep: bool) -> Sequence[object]:
    """List contacts as `GET /v1/contacts` does."""
    middle = session.scalars(select(func.max(Contact.id) // 2)).one() if deep else None
    return contact_list.list_contacts(session, ContactFilters(account="demo"), limit=PAGE, after=middle)


def page_of_interactions(session: Session, deep: bool) -> Sequence[object]:
    """List interactions as `GET /v1/interactions` does."""
    middle = (clock.now() - MIDDLE, 0) if deep else None
    return interactions.list_history(session, account="demo", limit=PAGE, before=middle)


def page_of_actions(session: Session, deep: bool) -> Sequence[object]:
    """List actions as `GET /v1/actions` does."""
    middle = (clock.now() - MIDDLE, UUID(int=0)) if deep else None
    return overview.list_actions(session, account="demo", limit=PAGE, before=middle)


def look_up(session: Session, number: int) -> None:
    """Look a person up by name, as commands do."""
    assert lookup.find_contacts(session, name_somebody(session, number), account="demo").people


def suggest(session: Session, number: int) -> None:
    """Look a mistyped name up, and suggest the nearest."""
    name = name_somebody(session, number)
    typed = f"{name[:3]}{name[4:]}"
    lookup.find_contacts(session, typed, account="demo")
    assert lookup.suggest_contacts(session, typed, account="demo")


def choose_unseen(session: Session, _: int) -> None:
    """Choose the connections of a day's visits."""
    assert visits.list_unseen_connections(session, 1, months=6, no_repeat_days=30, limit=40)


def name_somebody(session: Session, number: int) -> str:
    """Return the name of a contact."""
    named = text("select full_name from contacts where id = :id")
    return str(session.scalars(named, {"id": 1 + 97 * number % 400}).one())


def name_beginning(session: Session, number: int) -> str:
    """Return what begins one name in sixteen, as somebody types it."""
    return name_somebody(session, number)[:2]


def name_nobody(_: Session, number: int) -> str:
    """Return a name that nobody has."""
    return f"qzx{number} qzy"


def name_position(session: Session, number: int) -> str:
    """Return what some thirty contacts are."""
    named = text("select profile ->> 'position' from contacts where id = :id")
    return str(session.scalars(named, {"id": 1 + 97 * number % 400}).one())


WORK: Final[Mapping[str, Work]] = {
    "planning a day's birthdays": plan_a_day,
    "why a person waits": explain_contact,
    "why an account waits": explain_account,
    "the console's search, two letters": search_people(name_beginning),
    "the console's search, a name": search_people(name_somebody),
    "the console's search, a position": search_people(name_position),
    "the console's search, nobody": search_people(name_nobody),
    "contacts, the first page": list_page(page_of_contacts, deep=False),
    "contacts, a page from the middle": list_page(page_of_contacts, deep=True),
    "interactions, the first page": list_page(page_of_interactions, deep=False),
    "interactions, a page from the middle": list_page(page_of_interactions, deep=True),
    "actions, the first page": list_page(page_of_actions, deep=False),
    "actions, a page from the middle": list_page(page_of_actions, deep=True),
    "a list by words, two letters": list_by_text(name_beginning),
    "a list by words, a name": list_by_text(name_somebody),
    "a list by words, a position": list_by_text(name_position),
    "a list by words, nobody": list_by_text(name_nobody),
    "looking up a name": look_up,
    "looking up a mistyped name": suggest,
    "connections not seen for six months": choose_unseen,
}
"""What is measured, in this order. The first of them is taken back, and then done for the others."""
