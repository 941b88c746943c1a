"""`rapport import` and `contacts doubts`: output, changes and refusals."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from sqlalchemy import select

from db.engine import Database
from db.store.imports import birthday_doubts, runs
from db.tables import ImportDoubt
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
    assert "1 birthdays differ from the stored ones, which stay: lines 2" in told


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
    assert "\n  1 birthdays wait until you say which day is right: `rapport contacts confirm`\n" in told
    assert "\n  1 person has died: do-not-contact is set\n" in told
    assert "\n  1 entries skipped: a group, not a person\n" in told
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
    assert "can be confirmed without asking you" in rapport("contacts", "confirm", "--all-unique")


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
