"""`rapport import`: output, changes and refusals."""

from pathlib import Path

from db.engine import Database
from db.store.imports import birthday_doubts, runs
from tests.builders import SANDBOX, an_account
from tests.cli.conftest import Rapport
from tests.imports.files import contacts_now, write_file


def test_an_import_says_what_came_of_it(database: Database, rapport: Rapport, vcf: Path) -> None:
    told = rapport("import", "contacts", str(vcf), "--account", "demo")
    assert "book [x].vcf (vcard, utf-8): 3 entries read\n" in told
    assert "people: 1 new, 0 changed, 0 unchanged" in told
    assert "1 birthday waits until you say whose" in told
    assert "refused: 1\n    line 10: no profile address of sandbox" in told
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
    assert "1 person removed" in rapport("import", "undo", str(record.id))
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
    rows = "".join(f"Nobody,,0{number}-01\n" for number in range(1, 10)) * 3
    path = write_file(tmp_path, f"name,url,birthday\nBob,{SANDBOX}bob,03-06\n{rows}")
    with database.transaction() as session:
        an_account(session)
    told = rapport("import", "contacts", str(path), "--account", "demo")
    assert "refused: 27\n" in told
    assert "27 entries: no profile address of sandbox, and no contact has the e-mail address" in told
    assert "(lines 3, 4, 5, 6, 7, …)" in told
    conflicting = write_file(tmp_path, f"name,url,birthday\nBob,{SANDBOX}bob,03-07\n")
    told = rapport("import", "contacts", str(conflicting), "--account", "demo")
    assert "1 birthday differs from what is stored, which stays: lines 2" in told


def test_what_was_left_out_skipped_or_not_used_is_said(
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
    assert "\n  1 birthday waits until you say which day is right: `rapport contacts confirm`\n" in told
    assert "\n  1 person has died: do-not-contact is set\n" in told
    assert "\n  1 skipped: a group, not a person\n" in told
    assert "\n    line 1: the birthday '1980-02-30' was left out: it isn't a day of the calendar\n" in told
    assert "\n  not used, with the number of values: NICKNAME (1)\n" in told
    assert "read 4, new 3, lost 1, asked 1, died 1" in rapport("import", "list")


def test_values_left_out_for_one_reason_are_counted_together_and_each_is_shown(
    database: Database, rapport: Rapport, tmp_path: Path
) -> None:
    days = ("1980-02-30", "31.4.1980", "2999-01-01", "1981-02-29", "O'Day", '"say"')
    rows = "".join(f"P,{SANDBOX}p{n},{day}\n" for n, day in enumerate(days))
    with database.transaction() as session:
        an_account(session)
    path = write_file(tmp_path, f"name,url,birthday\n{rows}")
    told = rapport("import", "contacts", str(path), "--account", "demo", "--dry-run")
    assert (
        "\n  values left out: 6\n    3 entries: the birthday '1980-02-30' was left out: it isn't a day"
        in told
    )
    assert "calendar (lines 2: '1980-02-30', 3: '31.4.1980', 5: '1981-02-29')\n" in told
    assert "write it as 1980-12-31 or 12-31 (lines 6: \"O'Day\", 7: 'say')\n" in told
    assert "\n    line 4: the birthday '2999-01-01' was left out: it is in the future\n" in told
