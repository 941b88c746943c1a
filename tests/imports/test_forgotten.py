"""People with a tombstone are never added again, by whatever way; others are, and they are counted."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db.engine import Database
from db.imports.v1 import file, rows
from db.imports.v1.forgotten import FORGOTTEN
from db.imports.v1.importer import import_v1_file as bring_v1_in
from db.imports.v1.report import Outcome
from db.imports.v1.rows import V1Context
from db.store.campaigns import searches
from db.store.imports import runs
from db.store.people import contacts, visits
from db.store.people.accounts import AccountRecord
from db.store.privacy import erasure, tombstones
from db.tables import Contact, Exclusion, Interaction
from tests.builders import SANDBOX, TEN, a_contact, an_account, database_now
from tests.imports.files import import_path, write_file
from tests.whole_person import NAME, SLUG, ZOE, v1_script
from worker.rules.model import BirthdayCard, FoundPerson, ImportSource

BOB = f"{SANDBOX}bob/"


@pytest.fixture
def account(database: Database) -> AccountRecord:
    with database.transaction() as session:
        account = an_account(session)
        erasure.forget_person(session, account.site, ZOE)
    return account


def vcard(url: str, name: str) -> str:
    return (
        f"BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nEMAIL:{name[:3].lower()}@example.org\nURL:{url}\nEND:VCARD\n"
    )


def event(url: str, name: str) -> str:
    return (
        f"BEGIN:VEVENT\nSUMMARY:{name}'s birthday\nDTSTART;VALUE=DATE:20200304\nRRULE:FREQ=YEARLY\n"
        f"URL:{url}\nEND:VEVENT\n"
    )


FILES = {
    ImportSource.CSV: (
        "profile_url,full_name,birthday\n"
        + "".join(f"{u},{n},1980-03-04\n" for u, n in ((ZOE, NAME), (BOB, "Bob")))
    ),
    ImportSource.LINKEDIN: (
        "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
        f"Zoë,Quill,{ZOE},,C,P,21 Nov 2020\nBob,B,{BOB},,C,P,21 Nov 2020\n"
    ),
    ImportSource.GOOGLE: (
        "Name,Birthday,E-mail 1 - Value,Website 1 - Value\n"
        f"{NAME},1980-03-04,z@example.org,{ZOE}\nBob,1980-03-04,b@example.org,{BOB}\n"
    ),
    ImportSource.VCARD: vcard(ZOE, NAME) + vcard(BOB, "Bob"),
    ImportSource.ICALENDAR: f"BEGIN:VCALENDAR\n{event(ZOE, NAME)}{event(BOB, 'Bob')}END:VCALENDAR\n",
}


@pytest.mark.parametrize("source", FILES)
def test_a_file_brings_the_others(
    database: Database, account: AccountRecord, tmp_path: Path, source: ImportSource
) -> None:
    path = write_file(tmp_path, FILES[source])
    with database.transaction() as session:
        report = import_path(session, account, path, source=source)
        assert (report.read, report.new, report.forgotten, report.same, report.refused) == (2, 1, 1, 0, 0)
        again = import_path(session, account, path, source=source)
        assert (again.read, again.new, again.forgotten, again.same) == (2, 0, 1, 1)
        assert session.scalars(select(Contact.profile_url)).all() == [BOB]
        for record in runs.list_imports(session):
            runs.undo_import(session, record.id)
        assert not session.scalars(select(Contact)).all()


def test_a_file_brings_who_agreed_to_it_and_who_was_forgotten_on_another_site(
    database: Database, tmp_path: Path
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        tombstones.add_tombstone(session, account.site, ZOE)
        tombstones.lift_tombstone(session, account.site, ZOE, by="me")
        tombstones.add_tombstone(session, "linkedin", BOB)
        path = write_file(tmp_path, FILES[ImportSource.CSV])
        report = import_path(session, account, path, source=ImportSource.CSV)
        assert (report.new, report.forgotten) == (2, 0)


def test_a_value_that_was_left_out_of_theirs_is_not_kept(
    database: Database, account: AccountRecord, tmp_path: Path
) -> None:
    table = f"profile_url,full_name,birthday\n{ZOE},{NAME},1980-02-30\n{BOB},Bob,1980-02-30\n"
    with database.transaction() as session:
        report = import_path(session, account, write_file(tmp_path, table))
    assert (report.forgotten, report.lost, [loss.line for loss in report.losses]) == (1, 1, [3])


def test_v1_brings_nothing_of_them_not_even_by_name(
    database: Database, account: AccountRecord, tmp_path: Path
) -> None:
    path = tmp_path / "v1.db"
    with database.transaction() as session:
        now = database_now(session)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executescript(v1_script(now.date()))
            connection.execute("insert into contacts values (2, 'Bob', ?, null)", (BOB,))
        lines = rows.parse_file(file.read_v1_file(path), V1Context(account.site, account.zone, now))
        report = bring_v1_in(session, account, lines, by="tests", now=now)
        counted = {tally.table: (tally.read, tally.counts[Outcome.REFUSED]) for tally in report.tables}
        assert counted == {
            "contacts": (2, 1),
            "scraped_profiles": (1, 1),
            "birthday_messages": (2, 2),
            "profile_visits": (1, 1),
            "blacklist": (2, 2),
        }
        assert [list(t.why) for t in report.tables if t.counts[Outcome.REFUSED]] == [[FORGOTTEN]] * 5
        assert session.scalars(select(Contact.profile_url)).all() == [BOB]
        assert not session.scalars(select(Exclusion)).all()
        assert not session.scalars(select(Interaction)).all()


def test_v1s_name_of_somebody_else_as_well_is_somebody_elses(
    database: Database, account: AccountRecord, tmp_path: Path
) -> None:
    path = tmp_path / "v1.db"
    with database.transaction() as session:
        now = database_now(session)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executescript(v1_script(now.date()))
            connection.execute("insert into contacts values (2, ?, ?, null)", (NAME, BOB))
        lines = rows.parse_file(file.read_v1_file(path), V1Context(account.site, account.zone, now))
        bring_v1_in(session, account, lines, by="tests", now=now)
        assert session.scalars(select(Contact.do_not_contact)).all() == [True]


def _birthdays(session: Session, account: AccountRecord) -> int:
    cards = [BirthdayCard(url, name, date(2027, 3, 4)) for url, name in ((ZOE, NAME), (BOB, "Bob"))]
    return contacts.save_birthdays(session, account.id, cards)


def _search(session: Session, account: AccountRecord) -> int:
    found = [
        FoundPerson(url, name, "", "", 2, open_to_work=False) for url, name in ((ZOE, NAME), (BOB, "Bob"))
    ]
    return len(searches.save_found_people(session, account.id, found))


def _list(session: Session, account: AccountRecord) -> int:
    return len(visits.save_addresses(session, account.id, [ZOE, BOB]))


@pytest.mark.parametrize("way", [_birthdays, _search, _list])
def test_a_page_brings_the_others(
    database: Database, account: AccountRecord, way: Callable[[Session, AccountRecord], int]
) -> None:
    with database.transaction() as session:
        assert way(session, account) == 1
        assert way(session, account) == 1
        assert session.scalars(select(Contact.profile_url)).all() == [BOB]


def test_no_row_of_theirs_can_be_written_or_turned_into_theirs(
    database: Database, account: AccountRecord
) -> None:
    with pytest.raises(SQLAlchemyError), database.transaction() as session:
        a_contact(session, account, SLUG, name=NAME)
    with database.transaction() as session:
        bob = a_contact(session, account, "bob")
        session.execute(update(Contact).where(Contact.id == bob.id).values(profile_url=ZOE))
        session.expire_all()
        assert session.scalars(select(Contact.profile_url)).all() == [BOB]


def test_another_site_has_tombstones_of_its_own(database: Database, account: AccountRecord) -> None:
    with database.transaction() as session:
        other = an_account(session, "other", site="linkedin", limits=TEN)
        a_contact(session, other, SLUG, name=NAME)
        assert session.scalars(select(Contact.full_name)).all() == [NAME]


def test_one_of_many_who_were_forgotten_stays_away(database: Database, account: AccountRecord) -> None:
    others = text(
        "insert into tombstones (site, fingerprint) "
        "select :site, sha256(convert_to('somebody ' || n, 'UTF8')) from generate_series(1, 1200) n"
    )
    with database.transaction() as session:
        session.execute(others, {"site": account.site})
        assert _list(session, account) == 1
        assert session.scalars(select(Contact.profile_url)).all() == [BOB]
