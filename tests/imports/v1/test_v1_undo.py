"""An import of V1's file is undone completely, and a second import adds nothing."""

import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from db.engine import Database
from db.imports.v1.report import Outcome
from db.store.imports import runs
from db.tables import Contact, Exclusion, ImportChange
from tests.builders import add_planned
from tests.db.helpers import run_without_triggers
from tests.imports.v1.messy_v1 import Messy
from tests.imports.v1.v1_helpers import (
    LINKEDIN,
    SAMPLE,
    SAMPLE_MADE_ON,
    add_known_people,
    dump,
    import_v1,
    our_account,
    write_sqlite,
)
from worker.errors import RequestRefusedError


def test_undo_restores_every_table(database: Database, messy: Messy) -> None:
    with database.transaction() as session:
        account = our_account(session)
        add_known_people(session, account, messy)
        before = dump(session)
    with database.transaction() as session:
        report = import_v1(session, account, messy.path)
        assert session.scalars(select(func.count(ImportChange.contact_id))).one() > 40
        assert dump(session) != before
    with database.transaction() as session:
        undone = runs.undo_import(session, report.import_id)
        assert (undone.kept, undone.contacts > 200, undone.interactions > 300) == (0, True, True)
    with database.transaction() as session:
        assert dump(session) == before
        with pytest.raises(RequestRefusedError, match="already undone"):
            runs.undo_import(session, report.import_id)
        with pytest.raises(RequestRefusedError, match="no import 99"):
            runs.undo_import(session, 99)


def test_twice_is_once(database: Database, messy: Messy) -> None:
    with database.transaction() as session:
        account = our_account(session)
        add_known_people(session, account, messy)
        first = import_v1(session, account, messy.path)
    with database.transaction() as session:
        after_once = dump(session)
        second = import_v1(session, account, messy.path)
        assert second.brought == 0
        for one, two in zip(first.tables, second.tables, strict=True):
            assert two.counts[Outcome.REFUSED] == one.counts[Outcome.REFUSED]
            assert two.counts[Outcome.SAME] == one.imported + one.counts[Outcome.SAME]
        assert dump(session) == after_once


def test_an_earlier_import_of_v1_is_undone_after_the_later_one(database: Database, messy: Messy) -> None:
    with database.transaction() as session:
        account = our_account(session)
        first, second = import_v1(session, account, SAMPLE), import_v1(session, account, messy.path)
        with pytest.raises(RequestRefusedError, match=f"import {second.import_id} came later"):
            runs.undo_import(session, first.import_id)
        runs.undo_import(session, second.import_id)
        runs.undo_import(session, first.import_id)


def test_undo_keeps_whom_we_greeted_since(database: Database) -> None:
    with database.transaction() as session:
        account = our_account(session)
        report = import_v1(session, account, SAMPLE)
        ann = session.scalars(select(Contact).where(Contact.last_greeted_on.is_not(None)).limit(1)).one()
        add_planned(session, account, ann)
        run_without_triggers(session, "update actions set state = 'done', occasion_on = '2026-11-23'")
        undone = runs.undo_import(session, report.import_id)
        session.expire_all()
        (left,) = session.scalars(select(Contact))
        assert undone.kept == 1
        assert (left.id, left.last_greeted_on) == (ann.id, date(2026, 11, 23))


def test_undo_keeps_a_newer_greeting_of_ours_to_somebody_we_knew_before(database: Database) -> None:
    with database.transaction() as session:
        account = our_account(session)
        address = f"{LINKEDIN}person-1-12/"
        ann = Contact(account_id=account.id, profile_url=address, full_name="Ann")
        ann.last_greeted_on = date(2020, 1, 1)
        session.add(ann)
        session.flush()
        report = import_v1(session, account, SAMPLE)
        session.refresh(ann)
        assert ann.last_greeted_on == SAMPLE_MADE_ON
        add_planned(session, account, ann)
        run_without_triggers(session, "update actions set state = 'done', occasion_on = '2026-11-23'")
        runs.undo_import(session, report.import_id)
        session.refresh(ann)
        assert ann.last_greeted_on == date(2026, 11, 23)


def test_undo_keeps_who_is_excluded_by_other_means_alone(database: Database, tmp_path: Path) -> None:
    path = write_sqlite(
        tmp_path / "v1.db",
        "create table blacklist (contact_name, linkedin_url)",
        "insert into blacklist values ('Ann', 'linkedin.com/in/ann')",
    )
    with database.transaction() as session:
        account = our_account(session)
        session.add(Contact(account_id=account.id, profile_url=f"{LINKEDIN}ann/", full_name="Ann"))
        session.flush()
        report = import_v1(session, account, path)
        session.add(Exclusion(account_id=account.id, name_key="ann", note="asked a person since"))
        session.flush()
        runs.undo_import(session, report.import_id)
        assert session.scalars(select(Contact.do_not_contact)).one()


def test_a_copy_of_the_file_brings_nothing_new(database: Database, tmp_path: Path) -> None:
    copy = tmp_path / "other name?.db"
    shutil.copy(SAMPLE, copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("update birthday_messages set id = id + 1000")
    with database.transaction() as session:
        account = our_account(session)
        import_v1(session, account, SAMPLE)
        assert import_v1(session, account, copy).brought == 0
