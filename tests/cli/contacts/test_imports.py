"""`rapport import` and `contacts doubts`: output, changes and refusals."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from db.engine import Database
from db.store.imports import birthday_doubts, runs
from tests.builders import SANDBOX, a_contact, an_account, contact_by_slug
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
    assert "people: 1 new, 0 changed, 0 the same already" in told
    assert "1 birthdays wait until you say whose they are" in told
    assert "refused: 1\n    line 10: it has no profile address of this site" in told
    listed = rapport("import", "list")
    assert "vcard" in listed
    assert "ops@host" in listed
    assert "read 3, new 1, doubts 1, refused 1" in listed
    again = rapport("import", "contacts", str(vcf), "--account", "demo")
    assert "people: 0 new, 0 changed, 2 the same already" in again


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
    assert "1 people taken out" in rapport("import", "undo", str(record.id))
    assert "undone" in rapport("import", "list", "--account", "demo")
    assert "undone already" in rapport.refused("import", "undo", str(record.id))
    assert "there is no import 99" in rapport.refused("import", "undo", "99")
    assert "nothing was imported" in rapport("import", "list", "--account", "other")


def test_what_cannot_be_imported_is_refused_in_one_line(
    database: Database, rapport: Rapport, vcf: Path, tmp_path: Path
) -> None:
    given = ("import", "contacts", str(vcf), "--account")
    assert "no account called" in rapport.refused(*given, "nobody")
    assert "'v1' is no format" in rapport.refused(*given, "demo", "--format", "v1")
    assert "no text encoding" in rapport.refused(*given, "demo", "--encoding", "klingon")
    assert "no header was found" in rapport.refused(*given, "demo", "--format", "linkedin")
    missing = ("import", "contacts", str(tmp_path), "--account", "demo")
    assert "there is no file" in rapport.refused(*missing)
    with database.transaction() as session:
        assert not runs.list_imports(session)


def test_more_refused_lines_than_a_screen_holds_are_counted(
    database: Database, rapport: Rapport, vcf: Path, tmp_path: Path
) -> None:
    rows = "".join(f"Nobody,,0{number}-01\n" for number in range(1, 10)) * 3
    path = write_file(tmp_path, f"name,url,birthday\nBob,{SANDBOX}bob,03-06\n{rows}")
    with database.transaction() as session:
        an_account(session)
    told = rapport("import", "contacts", str(path), "--account", "demo")
    assert "refused: 27" in told
    assert "and 7 more" in told
    conflicting = write_file(tmp_path, f"name,url,birthday\nBob,{SANDBOX}bob,03-07\n")
    told = rapport("import", "contacts", str(conflicting), "--account", "demo")
    assert "1 birthdays are known otherwise and stay as they are: lines 2" in told


def test_what_was_left_out_passed_over_or_not_used_is_said(
    database: Database, rapport: Rapport, tmp_path: Path
) -> None:
    cards = (
        f"BEGIN:VCARD\nFN:Ann\nURL:{SANDBOX}ann\nBDAY:1980-02-30\nNICKNAME:Annie\nEND:VCARD\n"
        f"BEGIN:VCARD\nFN:Bob\nURL:{SANDBOX}bob\nBDAY:03/04/1980\nEND:VCARD\n"
        f"BEGIN:VCARD\nFN:Cid\nURL:{SANDBOX}cid\nDEATHDATE:2019\nEND:VCARD\n"
        "BEGIN:VCARD\nKIND:group\nFN:Team\nEND:VCARD\n"
    )
    with database.transaction() as session:
        an_account(session)
    told = rapport("import", "contacts", str(write_file(tmp_path, cards, "a.vcf")), "--account", "demo")
    assert "4 entries read\n  people: 3 new" in told
    assert "\n  1 birthdays wait until you say which day they are: rapport contacts confirm\n" in told
    assert "\n  1 person has died: not to be contacted\n" in told
    assert "\n  1 entries passed over: a group, not a person\n" in told
    assert "\n    line 1: the birthday 1980-02-30 was left out: it is a day that no calendar has\n" in told
    assert "\n  not used, with the number of values: NICKNAME (1)\n" in told
    assert "read 4, new 3, lost 1, asked 1, died 1" in rapport("import", "list")


def test_doubts_are_listed_and_settled_by_id(database: Database, rapport: Rapport, vcf: Path) -> None:
    assert "no birthday waits" in rapport("contacts", "doubts")
    rapport("import", "contacts", str(vcf), "--account", "demo")
    listed = rapport("contacts", "doubts", "--account", "demo")
    assert "1980-03-06" in listed
    assert "book [x].vcf, line 6" in listed
    with database.transaction() as session:
        first, second = (doubt.id for doubt in birthday_doubts.list_doubts(session))
    assert "1 birthday is refused" in rapport("contacts", "refuse", str(first))
    assert "1 birthday is confirmed" in rapport("contacts", "confirm", str(second))
    assert "confirmed already" in rapport.refused("contacts", "confirm", str(second))
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
    assert "no birthday waits" in rapport("contacts", "confirm")
    rapport("import", "contacts", str(vcf), "--account", "demo")
    keys.extend("l?q")
    asked = rapport("contacts", "confirm")
    assert "(1/2) book [x].vcf, line 6: Bob has the birthday 1980-03-06. Is it Bob (https://" in asked
    assert "0 birthdays are settled" in asked
    keys.extend("Y")
    assert "1 birthday is settled" in rapport("contacts", "confirm")
    assert "no birthday waits" in rapport("contacts", "doubts")


def test_nobody_is_asked_where_nobody_sits(database: Database, rapport: Rapport, vcf: Path) -> None:
    rapport("import", "contacts", str(vcf), "--account", "demo")
    assert "nobody to ask here" in rapport.refused("contacts", "confirm")
