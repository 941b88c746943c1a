"""`contacts doubts`, `confirm`, `refuse` and `reopen`: birthdays whose person or day is uncertain."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from sqlalchemy import select

from db.engine import Database
from db.store.imports import birthday_doubts
from db.tables import ImportDoubt
from tests.builders import SANDBOX, a_contact, action, add_planned, an_account, contact_by_slug
from tests.cli.conftest import Rapport
from tests.imports.files import write_file


def test_doubts_are_listed_and_settled_by_id(database: Database, rapport: Rapport, vcf: Path) -> None:
    assert "no birthday is waiting" in rapport("contacts", "doubts")
    rapport("import", "contacts", str(vcf), "--account", "demo")
    listed = rapport("contacts", "doubts", "--account", "demo")
    assert "1980-03-06" in listed
    assert "book [x].vcf, line 6" in listed
    with database.transaction() as session:
        first, second = (doubt.id for doubt in birthday_doubts.list_doubts(session))
    assert "1 birthday is refused" in rapport("contacts", "refuse", str(first))
    assert "1 birthday is confirmed" in rapport("contacts", "confirm", str(second))
    assert "already confirmed" in rapport.refused("contacts", "confirm", str(second))
    with database.transaction() as session:
        assert contact_by_slug(session, an_account(session), "bob-two").birth_year == 1980


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Press these keys at the terminal, in order."""
    pressed: list[str] = []
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(click, "getchar", lambda: pressed.pop(0))
    yield pressed
    assert not pressed


def test_doubts_are_asked_by_one_key_each(
    database: Database, rapport: Rapport, vcf: Path, keys: list[str]
) -> None:
    assert "no birthday is waiting" in rapport("contacts", "confirm")
    rapport("import", "contacts", str(vcf), "--account", "demo")
    keys.extend("l?q")
    asked = rapport("contacts", "confirm")
    assert "(1/2) book [x].vcf, line 6: Bob has the birthday 1980-03-06. Is it Bob, https://" in asked
    assert "[u]ndo [q]uit: later\n" in asked
    assert "'?' is an unknown key; y, n, l, u or q: quit\n" in asked
    assert "0 birthdays are settled" in asked
    keys.extend("Y")
    assert "1 birthday is settled" in rapport("contacts", "confirm")
    assert "no birthday is waiting" in rapport("contacts", "doubts")


def test_nobody_is_asked_where_nobody_sits(database: Database, rapport: Rapport, vcf: Path) -> None:
    rapport("import", "contacts", str(vcf), "--account", "demo")
    assert "nothing can be asked" in rapport.refused("contacts", "confirm")


ONE_OF_EACH = """BEGIN:VCARD
FN:Ann Lee
BDAY:1980-03-06
END:VCARD
BEGIN:VCARD
FN:Cid Day
BDAY:--04-07
END:VCARD
BEGIN:VCARD
FN:Bob
BDAY:1980-03-06
END:VCARD
"""


@pytest.fixture
def address_book(database: Database, rapport: Rapport, tmp_path: Path) -> None:
    """Import birthdays of Ann and Cid, whose names one contact each has, and of Bob, whom two may be."""
    with database.transaction() as session:
        account = an_account(session)
        for slug, name in (("ann", "Ann Lee"), ("cid", "Cid Day"), ("bob", "Bob"), ("bob-two", "Bob")):
            contact = a_contact(session, account, slug, name=name)
            contact.profile = {"headline": "Engineer", "company": f"{slug} Ltd"}
    rapport("import", "contacts", str(write_file(tmp_path, ONE_OF_EACH, "book.vcf")), "--account", "demo")


def born(database: Database, slug: str) -> tuple[int | None, int | None, int | None]:
    with database.transaction() as session:
        contact = contact_by_slug(session, an_account(session), slug)
        return contact.birth_year, contact.birth_month, contact.birth_day


def test_unique_whole_names_are_confirmed_at_once_and_can_be_taken_back(
    database: Database, rapport: Rapport, address_book: None
) -> None:
    listed = rapport("contacts", "doubts")
    assert "Engineer, bob-two Ltd" in listed
    assert "2 of them have the whole name of exactly one contact" in listed
    said = rapport("contacts", "confirm", "--all-unique")
    assert "Ann Lee, Engineer, ann Ltd, https://sandbox.test/in/ann/ has the birthday 1980-03-06" in said
    assert "2 birthdays are confirmed" in said
    assert "1 birthday is still waiting" in said, "Bob's, whom two people may be"
    assert (born(database, "ann"), born(database, "cid")) == ((1980, 3, 6), (None, 4, 7))
    assert born(database, "bob") == born(database, "bob-two") == (None, None, None)
    ann = said.split(":")[0].strip()
    assert "1 birthday is asked again" in rapport("contacts", "reopen", ann)
    assert born(database, "ann") == (None, None, None)
    assert "is already waiting for an answer" in rapport.refused("contacts", "reopen", ann)
    assert "1 birthday is confirmed" in rapport("contacts", "confirm", "--all-unique")
    assert "can be confirmed without asking you" in rapport("contacts", "confirm", "--all-unique")


def test_all_doubts_are_listed_and_counted(database: Database, rapport: Rapport, tmp_path: Path) -> None:
    people = [f"Ann {chr(65 + n // 26)}{chr(97 + n % 26)}" for n in range(101)]
    with database.transaction() as session:
        account = an_account(session)
        for number, name in enumerate(people):
            for slug in ("a", "b"):
                a_contact(session, account, f"{slug}{number}", name=name)
    rows = "".join(f"{name},1990-03-04\n" for name in people)
    rapport("import", "contacts", str(write_file(tmp_path, f"name,birthday\n{rows}")), "--account", "demo")
    assert len(json.loads(rapport("contacts", "doubts", "--json"))) == 202
    assert "101 birthdays are still waiting" in rapport("contacts", "confirm", "--all-unique")


def test_the_last_answer_is_undone_by_a_key(
    database: Database, rapport: Rapport, address_book: None, keys: list[str]
) -> None:
    keys.extend("uyunq")  # nothing to undo; Ann is; undone; Ann is not; quit
    asked = rapport("contacts", "confirm")
    assert "there is no answer to undo" in asked
    assert asked.count("Is it Ann Lee, Engineer, ann Ltd, https://") == 3
    assert "the only contact with this name" in asked
    assert "1 birthday is settled" in asked
    assert born(database, "ann") == (None, None, None)
    keys.extend("yuq")  # Cid is; undone; asked again, and quit
    assert "0 birthdays are settled" in rapport("contacts", "confirm")
    assert born(database, "cid") == (None, None, None)


def test_a_greeting_of_a_birthday_that_is_taken_back_is_dropped(
    database: Database, rapport: Rapport, address_book: None
) -> None:
    said = rapport("contacts", "confirm", "--all-unique")
    with database.transaction() as session:
        account = an_account(session)
        planned = add_planned(session, account, contact_by_slug(session, account, "ann"))
    rapport("contacts", "reopen", said.split(":")[0].strip())
    with database.transaction() as session:
        assert action(session, planned).state == "skipped"


ANN = f"BEGIN:VCARD\nFN:Ann Lee\nURL:{SANDBOX}ann\nBDAY:03/04/1980\nEND:VCARD\n"
CID = "BEGIN:VCARD\nFN:Cid Day\nBDAY:05/06/1981\nEND:VCARD\n"


@pytest.fixture
def uncertain_days(database: Database, rapport: Rapport, tmp_path: Path) -> None:
    """Import two possible days of Ann, who is new, and of Cid, whom only the name matches."""
    with database.transaction() as session:
        a_contact(session, an_account(session), "cid", name="Cid Day")
    rapport("import", "contacts", str(write_file(tmp_path, ANN + CID, "days.vcf")), "--account", "demo")


def test_one_of_several_days_is_never_confirmed_without_asking(
    database: Database, rapport: Rapport, uncertain_days: None
) -> None:
    assert "can be confirmed without asking you" in rapport("contacts", "confirm", "--all-unique")
    with database.transaction() as session:
        doubts = birthday_doubts.list_doubts(session)
        assert len(doubts) == 4
        for doubt in doubts:
            if doubt.month in {3, 5}:  # the other days remain, alone
                birthday_doubts.refuse_doubt(session, doubt.id)
    assert "can be confirmed without asking you" in rapport("contacts", "confirm", "--all-unique")
    assert "2 birthdays are still waiting" in rapport("contacts", "confirm", "--all-unique")
    assert born(database, "ann") == born(database, "cid") == (None, None, None)


def test_an_event_that_may_be_no_birthday_is_never_confirmed_without_asking(
    database: Database, rapport: Rapport, tmp_path: Path
) -> None:
    with database.transaction() as session:
        a_contact(session, an_account(session), "ann", name="Ann Lee")
    event = "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20200612\nRRULE:FREQ=YEARLY\nSUMMARY:Ann Lee\nEND:VEVENT\n"
    path = write_file(tmp_path, f"BEGIN:VCALENDAR\n{event}END:VCALENDAR\n", "team.ics")
    rapport("import", "contacts", str(path), "--account", "demo")
    assert "1 birthday is still waiting" in rapport("contacts", "confirm", "--all-unique")
    assert born(database, "ann") == (None, None, None)


def test_a_day_is_chosen_undone_and_asked_again(
    database: Database, rapport: Rapport, uncertain_days: None, keys: list[str]
) -> None:
    keys.extend("yunyll")  # Ann's first day; taken back; not the first, but the second; Cid later
    asked = rapport("contacts", "confirm")
    assert "Ann Lee may have the birthday 1980-03-04. Is this the birthday of Ann Lee, https://" in asked
    assert "(3/4)" in asked
    assert "2 birthdays are settled" in asked
    assert born(database, "ann") == (1980, 4, 3)
    with database.transaction() as session:
        first, second = sorted(
            doubt.id for doubt in session.scalars(select(ImportDoubt)) if doubt.name == "Ann Lee"
        )
        account = an_account(session)
        planned = add_planned(session, account, contact_by_slug(session, account, "ann"))
    rapport("contacts", "reopen", str(second))
    assert born(database, "ann") == (None, None, None)
    with database.transaction() as session:
        assert action(session, planned).state == "skipped"
    rapport("contacts", "reopen", str(first))
    assert "1 birthday is confirmed" in rapport("contacts", "confirm", str(first))
    assert born(database, "ann") == (1980, 3, 4)
    rapport("contacts", "reopen", str(first))
    assert rapport("contacts", "doubts").count("\tAnn Lee\t\thttps:") == 2
    assert born(database, "ann") == (None, None, None)
