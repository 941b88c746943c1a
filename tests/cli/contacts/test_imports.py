"""`rapport import` and `contacts doubts`: output, changes and refusals."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from db.engine import Database
from db.store.imports import birthday_doubts, runs
from tests.builders import SANDBOX, a_contact, action, add_planned, an_account, contact_by_slug
from tests.cli.conftest import Rapport
from tests.imports.files import contacts_now, write_file

CARDS = """BEGIN:VCARD
FN:Ann
URL:https://sandbox.test/in/ann
BDAY:--0305
END:VCARD
BEGIN:VCARD
FN:Bob
BDAY:1980-03-06
END:VCARD
BEGIN:VCARD
FN:Cid
BDAY:03/04/1980
END:VCARD
"""


@pytest.fixture
def vcf(database: Database, tmp_path: Path) -> Path:
    with database.transaction() as session:
        account = an_account(session)
        for slug in ("bob", "bob-two"):
            a_contact(session, account, slug, name="Bob")
    return write_file(tmp_path, CARDS, "book [x].vcf")


def test_an_import_says_what_came_of_it(database: Database, rapport: Rapport, vcf: Path) -> None:
    told = rapport("import", "contacts", str(vcf), "--account", "demo")
    assert "book [x].vcf (vcard, utf-8): 3 entries read\n" in told
    assert "people: 1 new, 0 changed, 0 unchanged" in told
    assert "1 birthdays wait until you say whose they are" in told
    assert "line 10: the birthday 03/04/1980 can be read in two ways" in told
    listed = rapport("import", "list")
    assert "vcard" in listed
    assert "ops@host" in listed
    assert "read 3, new 1, doubts 1, refused 1" in listed
    again = rapport("import", "contacts", str(vcf), "--account", "demo")
    assert "people: 0 new, 0 changed, 2 unchanged" in again


def test_a_dry_run_says_the_same_and_changes_nothing(database: Database, rapport: Rapport, vcf: Path) -> None:
    with database.transaction() as session:
        before = contacts_now(session)
    dry = rapport("import", "contacts", str(vcf), "--account", "demo", "--dry-run")
    assert "3 entries read, nothing changed: a dry run" in dry
    with database.transaction() as session:
        assert contacts_now(session) == before
        assert not runs.list_imports(session)
        assert not birthday_doubts.list_doubts(session)
    wet = rapport("import", "contacts", str(vcf), "--account", "demo")
    assert dry.replace("would be", "were").splitlines()[1:] == wet.splitlines()[1:]


def test_undo_says_what_it_took_out(database: Database, rapport: Rapport, vcf: Path) -> None:
    rapport("import", "contacts", str(vcf), "--account", "demo")
    with database.transaction() as session:
        (record,) = runs.list_imports(session)
    assert "1 people removed" in rapport("import", "undo", str(record.id))
    assert "undone" in rapport("import", "list", "--account", "demo")
    assert "already undone" in rapport.refused("import", "undo", str(record.id))
    assert "there is no import 99" in rapport.refused("import", "undo", "99")
    assert "no account called 'other'" in rapport.refused("import", "list", "--account", "other")


def test_what_cannot_be_imported_is_refused_in_one_line(
    database: Database, rapport: Rapport, vcf: Path, tmp_path: Path
) -> None:
    given = ("import", "contacts", str(vcf), "--account")
    assert "no account called" in rapport.refused(*given, "nobody")
    assert "unknown format 'v1'" in rapport.refused(*given, "demo", "--format", "v1")
    assert "isn't a text encoding" in rapport.refused(*given, "demo", "--encoding", "klingon")
    assert "no header was found" in rapport.refused(*given, "demo", "--format", "linkedin")
    missing = ("import", "contacts", str(tmp_path), "--account", "demo")
    assert "there is no file" in rapport.refused(*missing)
    with database.transaction() as session:
        assert not runs.list_imports(session)


def test_more_refused_lines_than_a_screen_holds_are_counted(
    database: Database, rapport: Rapport, vcf: Path, tmp_path: Path
) -> None:
    rows = "".join(f"Bob,,0{number}/01/1980\n" for number in range(1, 10)) * 3
    path = write_file(tmp_path, f"name,url,birthday\nBob,{SANDBOX}bob,03-06\n{rows}")
    with database.transaction() as session:
        an_account(session)
    told = rapport("import", "contacts", str(path), "--account", "demo")
    assert "refused: 27\n" in told
    assert "27 entries: the birthday 01/01/1980 can be read in two ways" in told
    assert "(lines 3, 4, 5, 6, 7, …)" in told
    conflicting = write_file(tmp_path, f"name,url,birthday\nBob,{SANDBOX}bob,03-07\n")
    told = rapport("import", "contacts", str(conflicting), "--account", "demo")
    assert "1 birthdays differ from the stored ones, which stay: lines 2" in told


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
    assert "2 birthdays are still waiting" in said
    assert (born(database, "ann"), born(database, "cid")) == ((1980, 3, 6), (None, 4, 7))
    assert born(database, "bob") == born(database, "bob-two") == (None, None, None)
    ann = said.split(":")[0].strip()
    assert "1 birthday is asked again" in rapport("contacts", "reopen", ann)
    assert born(database, "ann") == (None, None, None)
    assert "is already waiting for an answer" in rapport.refused("contacts", "reopen", ann)
    assert "1 birthday is confirmed" in rapport("contacts", "confirm", "--all-unique")
    assert "no whole name matches exactly one contact" in rapport("contacts", "confirm", "--all-unique")


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
