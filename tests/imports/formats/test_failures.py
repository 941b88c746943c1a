"""An interrupted import leaves nothing, and an undone one leaves no trace."""

import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from db.engine import Database
from db.imports.merge import import_file, inspect_file
from db.store.imports import birthday_doubts, runs
from tests.builders import SANDBOX, a_contact, add_planned, an_account, contact_by_slug
from tests.imports.files import TODAY, contacts_now, import_path, read_rows, write_file
from worker.errors import RequestRefusedError

MANY = 10_000


def many(folder: Path) -> Path:
    rows = "".join(f"P {number},{SANDBOX}p{number},p{number}@x.org,03-05\n" for number in range(MANY))
    return write_file(folder, f"name,url,email,birthday\n{rows}")


def interrupted(database_url: str) -> None:
    del database_url
    raise KeyboardInterrupt


def cut(database_url: str) -> None:
    """Terminate every other connection to this database, as a crash would."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )


@pytest.mark.parametrize(("trouble", "error"), [(interrupted, KeyboardInterrupt), (cut, OperationalError)])
def test_what_ends_in_the_middle_leaves_nothing(
    database: Database,
    database_url: str,
    tmp_path: Path,
    trouble: Callable[[str], None],
    error: type[BaseException],
) -> None:
    path = many(tmp_path)
    with database.transaction() as session:
        account = an_account(session)
        a_contact(session, account, "p1", name="P 1")
        before = contacts_now(session)

    def progress(_: int) -> None:
        trouble(database_url)

    with pytest.raises(error), database.transaction() as session:
        import_file(session, account, inspect_file(path), by="tests", today=TODAY, progress=progress)
    with database.transaction() as session:
        assert contacts_now(session) == before
        assert not runs.list_imports(session)
        report = import_path(session, account, path)
        assert (report.new, report.changed) == (MANY - 1, 1)


def test_a_file_that_is_refused_late_leaves_nothing(database: Database, tmp_path: Path) -> None:
    path = write_file(tmp_path, "who,what\nAnn,03-05\n")
    with database.transaction() as session:
        account = an_account(session)
    with pytest.raises(RequestRefusedError, match="isn't in a format"):
        inspect_file(path)
    with database.transaction() as session:
        assert not runs.list_imports(session)
        assert not contacts_now(session)
    assert account.name == "demo"


def test_undoing_keeps_whom_something_was_planned_for(database: Database, tmp_path: Path) -> None:
    path = write_file(tmp_path, f"name,url,birthday\nAnn,{SANDBOX}ann,03-05\nBob,{SANDBOX}bob,03-06\n")
    with database.transaction() as session:
        account = an_account(session)
        import_path(session, account, path)
        add_planned(session, account, contact_by_slug(session, account, "ann"))
        (record,) = runs.list_imports(session)
        undone = runs.undo_import(session, record.id)
        assert (undone.contacts, undone.kept, undone.restored) == (1, 1, 0)
        assert [row["full_name"] for row in contacts_now(session)] == ["Ann"]
        with pytest.raises(RequestRefusedError, match="already undone"):
            runs.undo_import(session, record.id)


def test_undoing_puts_every_changed_column_back_and_no_other(database: Database, tmp_path: Path) -> None:
    header = "name,url,email,birthday,company,connected_on,language"
    path = write_file(tmp_path, f"{header}\nAnn,{SANDBOX}ann,a@x.org,1980-03-05,ACME,2026-11-21,fr\n")
    with database.transaction() as session:
        account = an_account(session)
        ann = a_contact(session, account, "ann", name="Ann O")
        ann.status, ann.last_greeted_on = "prospect", date(2025, 3, 5)
        (before,) = contacts_now(session)
        import_path(session, account, path)
        session.expire_all()
        assert (ann.email, ann.birth_year, ann.language, ann.status) == ("a@x.org", 1980, "fr", "connected")
        ann.do_not_contact = True
        session.flush()
        runs.undo_import(session, runs.list_imports(session)[0].id)
        (after,) = contacts_now(session)
    assert after == {**before, "do_not_contact": True}


def test_a_later_import_is_undone_first(database: Database, tmp_path: Path) -> None:
    one = write_file(tmp_path, f"name,url,birthday\nAnn,{SANDBOX}ann,03-05\n", "one.csv")
    two = write_file(tmp_path, f"name,url,birthday,company\nAnn,{SANDBOX}ann,03-05,ACME\n", "two.csv")
    with database.transaction() as session:
        account = an_account(session)
        for path in (one, two):
            import_path(session, account, path)
        later, first = (record.id for record in runs.list_imports(session))
        with pytest.raises(RequestRefusedError, match=f"import {later} came later"):
            runs.undo_import(session, first)
        runs.undo_import(session, later)
        assert runs.undo_import(session, first).contacts == 1
        assert not contacts_now(session)


def test_undoing_takes_a_confirmed_birthday_and_open_doubts_back(database: Database, tmp_path: Path) -> None:
    path = write_file(tmp_path, "name,birthday\nAnn,1980-03-05\nBob,03-06\n")
    with database.transaction() as session:
        account = an_account(session)
        for slug in ("ann", "bob"):
            a_contact(session, account, slug)
        before = contacts_now(session)
        import_path(session, account, path)
        birthday_doubts.confirm_doubt(session, birthday_doubts.list_doubts(session)[0].id)
        assert contacts_now(session) != before
        runs.undo_import(session, runs.list_imports(session)[0].id)
        assert contacts_now(session) == before
        assert not read_rows(session, "import_doubts")
        assert import_path(session, account, path).doubts == 2


def test_a_birthday_that_came_otherwise_is_not_confirmed_away(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ann = a_contact(session, account, "ann")
        import_path(session, account, write_file(tmp_path, "name,birthday\nAnn,03-05\n"))
        ann.birth_month, ann.birth_day = 4, 1
        session.flush()
        (doubt,) = birthday_doubts.list_doubts(session)
        with pytest.raises(RequestRefusedError, match="already has the birthday 04-01"):
            birthday_doubts.confirm_doubt(session, doubt.id)
        birthday_doubts.refuse_doubt(session, doubt.id)
        for again in (birthday_doubts.confirm_doubt, birthday_doubts.refuse_doubt):
            with pytest.raises(RequestRefusedError, match="already refused"):
                again(session, doubt.id)
        with pytest.raises(RequestRefusedError, match="no doubt 99"):
            birthday_doubts.confirm_doubt(session, 99)


def test_the_settings_of_the_connection_are_as_before(database: Database) -> None:
    with tempfile.TemporaryDirectory() as folder, database.transaction() as session:
        import_path(session, an_account(session), write_file(Path(folder), f"name,url\nAnn,{SANDBOX}ann\n"))
    with database.transaction() as session:
        assert session.execute(text("show statement_timeout")).scalar_one() == "30s"
