"""Pages of contacts: each contact once with any filter, erased ones never."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.people import contact_list, profiles
from db.store.people.contact_list import ContactFilters
from db.tables import Contact, Interaction
from tests.builders import a_contact, an_account
from worker.rules.model import ContactStatus, Kind
from worker.rules.sourcing.profile import Profile

VISITED = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def people(database: Database) -> None:
    with database.transaction() as session:
        demo, other = an_account(session), an_account(session, "other")
        for number in range(12):
            person = a_contact(session, (demo, other)[number % 2], f"p{number}", name=f"Person {number:02}")
            person.score = number * 9
            person.status = ContactStatus.PROSPECT if number < 6 else ContactStatus.CONNECTED


def names(
    session: Session, filters: ContactFilters | None = None, *, limit: int = 100, after: int = 0
) -> list[str]:
    return [
        line.name
        for line in contact_list.list_contacts(session, filters or ContactFilters(), limit=limit, after=after)
    ]


def person(session: Session, number: int) -> Contact:
    return session.query(Contact).filter_by(full_name=f"Person {number:02}").one()


def test_pages_hold_everybody_once_in_one_order(database: Database, people: None) -> None:
    with database.transaction() as session:
        seen, after = [], 0
        while found := contact_list.list_contacts(session, ContactFilters(), limit=5, after=after):
            seen += [line.name for line in found]
            after = found[-1].id
    assert seen == [f"Person {number:02}" for number in range(12)]


def test_each_filter_narrows_and_all_of_them_together_do(database: Database, people: None) -> None:
    with database.transaction() as session:
        assert names(session, ContactFilters(account="other")) == [
            f"Person {n:02}" for n in (1, 3, 5, 7, 9, 11)
        ]
        assert names(session, ContactFilters(account="nobody")) == []
        assert names(
            session, ContactFilters(status=ContactStatus.PROSPECT), limit=2, after=person(session, 2).id
        ) == [
            "Person 03",
            "Person 04",
        ]
        assert names(session, ContactFilters(min_score=90)) == ["Person 10", "Person 11"]
        both = names(
            session,
            ContactFilters(account="demo", status=ContactStatus.PROSPECT, min_score=18, text="person"),
        )
        assert both == ["Person 02", "Person 04"]


@pytest.mark.parametrize("wanted", ["ZÜRICH", "zürich", "chef", "CHEF ", "acme", "pers 04", "50%", "a_b"])
def test_text_is_looked_for_in_four_places_whatever_the_capitals(
    database: Database, people: None, wanted: str
) -> None:
    with database.transaction() as session:
        person(session, 4).profile = {
            "headline": "Chef of 50% a_b \\",
            "location": "Zürich",
            "company": "ACME",
            "note": "secret",
        }
        person(session, 5).profile = {"headline": "Cook of 500 axb", "location": None, "company": None}
        session.flush()
        assert names(session, ContactFilters(text=wanted)) == ["Person 04"]
        assert names(session, ContactFilters(text="secret")) == []
        assert names(session, ContactFilters(text="zürich\nacme")) == ["Person 04"]
        for nobody in ("erson 04", "p4", "\\", "%", "_"):  # the middle of a word, the address, no word
            assert names(session, ContactFilters(text=nobody)) == []


@pytest.mark.parametrize("looked_through", [2, 2_000])
def test_whoever_has_the_words_is_found_by_the_index_and_by_comparing(
    database: Database, people: None, monkeypatch: pytest.MonkeyPatch, looked_through: int
) -> None:
    monkeypatch.setattr(contact_list, "LOOKED_THROUGH", looked_through)
    since = datetime(2020, 1, 1, tzinfo=UTC)
    with database.transaction() as session:
        for number in (1, 7, 11):
            person(session, number).profile = {"company": "Acme"}
        session.flush()
        for by_time in (None, since):
            filters = ContactFilters(account="other", text="acme", since=by_time)
            first, second = contact_list.list_contacts(session, filters, limit=2)
            (third,) = contact_list.list_contacts(session, filters, limit=2, after=second.place)
            assert [first.name, second.name, third.name] == ["Person 01", "Person 07", "Person 11"]
            prospects = replace(filters, status=ContactStatus.PROSPECT)
            assert [each.name for each in contact_list.list_contacts(session, prospects, limit=9)] == [
                "Person 01"
            ]


def test_open_to_work_is_what_was_read_and_nobody_is_guessed_at(database: Database, people: None) -> None:
    with database.transaction() as session:
        person(session, 1).profile = {"open_to_work": True}
        person(session, 2).profile = {"open_to_work": False}
        session.flush()
        assert names(session, ContactFilters(open_to_work=True)) == ["Person 01"]
        assert names(session, ContactFilters(open_to_work=False)) == ["Person 02"]


def test_a_line_tells_what_is_known(database: Database, people: None) -> None:
    with database.transaction() as session:
        ann = person(session, 3)
        ann.do_not_contact, ann.last_greeted_on = True, date(2026, 5, 1)
        for days in (0, 3):
            session.add(
                Interaction(
                    account_id=ann.account_id, contact_id=ann.id, source_key=f"v{days}", type=Kind.VISIT,
                    status="seen", occasion="visit:2026-W45", message="", correlation_id="x",
                    created_at=VISITED - timedelta(days=days),
                )
            )  # fmt: skip
        session.flush()
        seen = Profile(ann.profile_url, "Ann", "Chef", "Paris", degree=1, open_to_work=True)
        profiles.save_profile(session, ann.id, seen)
        session.expire_all()
        (line,) = contact_list.list_contacts(session, ContactFilters(text="ann"), limit=2)
    assert (line.name, line.headline, line.location, line.company) == ("Ann", "Chef", "Paris", "")
    assert (line.status, line.degree, line.open_to_work) == (ContactStatus.CONNECTED, 1, True)
    assert (line.do_not_contact, line.last_greeted_on, line.visited_at) == (True, date(2026, 5, 1), VISITED)
    assert line.read_at is not None


def test_who_was_forgotten_is_in_no_page(database: Database, people: None) -> None:
    with database.transaction() as session:
        session.execute(
            text(
                "update contacts set forgotten_at = now(), profile_url = 'forgotten:' || id "
                "where full_name = 'Person 03'"
            )
        )
        assert "Person 03" not in names(session)
        assert names(session, ContactFilters(text="Person 03")) == []
