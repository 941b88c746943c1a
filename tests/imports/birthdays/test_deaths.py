"""Who has died by a file is never contacted, and undoing the import takes that back."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from db.engine import Database
from db.imports.report import ImportReport
from db.store.actions import control
from db.store.imports import birthday_doubts, runs
from db.store.people import accounts, contacts
from db.store.people.accounts import AccountRecord
from db.store.privacy import account_removal
from tests.builders import SANDBOX, a_contact, an_account
from tests.imports.files import contacts_now, import_path, read_rows, reload_contact, write_file

DEATH = "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20190304\nRRULE:FREQ=YEARLY\nSUMMARY:† Gus Roe\n{url}END:VEVENT\n"
BIRTHDAY = (
    "BEGIN:VEVENT\nDTSTART;VALUE=DATE:19400607\nRRULE:FREQ=YEARLY\nSUMMARY:🎂 Gus Roe\n{url}END:VEVENT\n"
)


def calendar(*events: str, url: str = "") -> str:
    line = f"URL:{url}\n" if url else ""
    return f"BEGIN:VCALENDAR\n{''.join(event.format(url=line) for event in events)}END:VCALENDAR\n"


FILES = [
    f"BEGIN:VCARD\nVERSION:4.0\nFN:Gus Roe\nBDAY:19400607\nDEATHDATE:2019\nURL:{SANDBOX}gus\nEND:VCARD\n",
    f"BEGIN:VCARD\nVERSION:4.0\nFN:Gus Roe †\nBDAY:19400607\nURL:{SANDBOX}gus\nEND:VCARD\n",
    f"name,url,birthday,date of death\nGus Roe,{SANDBOX}gus,1940-06-07,2019-03-04\n",
    f"name,url,birthday\nGus Roe (deceased),{SANDBOX}gus,1940-06-07\n",
    f"name,url,birthday\nGus Roe (1940-2019),{SANDBOX}gus,1940-06-07\n",
    (
        "Name,Birthday,Labels,Website 1 - Value,Event 1 - Label,Event 1 - Value\n"
        f"Gus Roe,1940-06-07,,{SANDBOX}gus,Todestag,2019-03-04\n"
    ),
    calendar(BIRTHDAY, DEATH, url=f"{SANDBOX}gus"),
    calendar(DEATH, BIRTHDAY, url=f"{SANDBOX}gus"),
]


def check_sum(report: ImportReport) -> None:
    """Every entry is counted once."""
    assert report.read == (
        report.new + report.changed + report.same + report.repeated + report.doubts + report.refused
        + report.forgotten + sum(report.skipped.values())
    )  # fmt: skip
    assert report.same >= 0


def import_text(session: Session, account: AccountRecord, folder: Path, content: str) -> ImportReport:
    report = import_path(session, account, write_file(folder, content))
    check_sum(report)
    return report


@pytest.mark.parametrize(
    ("content", "known"), [*((file, True) for file in FILES), (FILES[0], False), (FILES[-1], False)]
)
def test_who_has_died_is_never_greeted(database: Database, tmp_path: Path, content: str, known: bool) -> None:
    with database.transaction() as session:
        account = an_account(session)
        if known:
            a_contact(session, account, "gus", name="Gus Roe")
        before = contacts_now(session)
        report = import_text(session, account, tmp_path, content)
        gus = reload_contact(session, account, "gus")
        assert (gus.full_name, gus.do_not_contact, gus.birth_month) == ("Gus Roe", True, None)
        assert (report.died, report.changed, report.new) == (1, int(known), int(not known))
        assert import_text(session, account, tmp_path, content).died == 0
        for record in runs.list_imports(session):
            runs.undo_import(session, record.id)
        assert contacts_now(session) == before


def test_a_name_alone_stops_everybody_of_that_name_and_asks_nothing(
    database: Database, tmp_path: Path
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        for slug in ("gus-1", "gus-2"):
            a_contact(session, account, slug, name="Gus Roe")
        a_contact(session, account, "ann", name="Ann Roe")
        before = contacts_now(session)
        report = import_text(session, account, tmp_path, calendar(BIRTHDAY, DEATH))
        assert (report.died, report.doubts, report.skipped) == (2, 0, {"a day of death": 1})
        assert [row["do_not_contact"] for row in contacts_now(session)] == [True, True, False]
        assert not birthday_doubts.list_doubts(session)
        runs.undo_import(session, runs.list_imports(session)[0].id)
        assert contacts_now(session) == before


def test_a_day_of_death_of_nobody_known_is_passed_over(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account = an_account(session)
        report = import_text(session, account, tmp_path, calendar(DEATH))
        assert (report.read, report.skipped, report.died) == (1, {"a day of death": 1}, 0)
        assert not read_rows(session, "exclusions")


def test_whom_a_person_allowed_again_stays_allowed(database: Database, tmp_path: Path) -> None:
    content = calendar(DEATH, url=f"{SANDBOX}gus")
    with database.transaction() as session:
        account = an_account(session)
        a_contact(session, account, "gus", name="Gus Roe")
        import_text(session, account, tmp_path, content)
        contacts.set_do_not_contact(session, account.id, f"{SANDBOX}gus/", value=False, by="tests")
        for again in (content, calendar(DEATH)):
            assert import_text(session, account, tmp_path, again).died == 0
            assert not reload_contact(session, account, "gus").do_not_contact
        contacts.set_do_not_contact(session, account.id, f"{SANDBOX}gus/", value=True, by="tests")
        assert reload_contact(session, account, "gus").by_hand is None


def test_a_removed_account_remembers_who_has_died(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account = an_account(session)
        import_text(session, account, tmp_path, FILES[0])
        control.pause_account(session, account.id)
    with database.transaction() as session:
        account_removal.remove_account(session, account)
    with database.transaction() as session:
        again = accounts.add_account(session, name=account.name, site=account.site, zone=account.zone)
        assert again.id == account.id
        import_text(session, again, tmp_path, f"name,url,birthday\nGus Roe,{SANDBOX}gus,1940-06-07\n")
        assert reload_contact(session, again, "gus").do_not_contact
        runs.undo_import(session, runs.list_imports(session)[0].id)
        import_text(session, again, tmp_path, FILES[0])
        assert reload_contact(session, again, "gus").do_not_contact
