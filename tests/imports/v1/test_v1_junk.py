"""No content of V1's columns crashes an import, and every row is counted."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from db.engine import Database
from db.imports.v1 import file
from db.imports.v1.report import V1Report
from db.store.people.accounts import AccountRecord
from db.tables import Contact
from tests.imports.v1.v1_helpers import LINKEDIN, import_v1, our_account
from worker.errors import RequestRefusedError

CELLS = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
    st.sampled_from(
        [
            "Ann",
            "ann ",
            "linkedin.com/in/ann",
            "linkedin.com/in/bob",
            "2026-05-05",
            "1",
            1,
            0,
            "x" * 5000,
            "ﷺ" * 400,
            "2026-11-24T12:00:00+14:00",
            "linkedin.com/in/" + "%F0%9F%8E%82" * 199,
            "[" * 5000,
            '["\\ud800", "a\\u0000"]',
        ]
    ),
)


def junk(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    tables = {}
    for table, columns in file.IMPORTED_COLUMNS.items():
        there = draw(st.lists(st.sampled_from(columns), unique=True, min_size=1))
        tables[table] = draw(st.lists(st.fixed_dictionaries(dict.fromkeys(there, CELLS)), max_size=6))
    missing = draw(st.sets(st.sampled_from(sorted(tables)), max_size=2))
    return {table: told for table, told in tables.items() if table not in missing and told}


def write_junk(path: Path, tables: dict[str, list[dict[str, Any]]]) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, told in tables.items():
            names = ", ".join(told[0])
            connection.execute(f"create table {table} ({names})")
            marks = ", ".join("?" * len(told[0]))
            connection.executemany(
                f"insert into {table} values ({marks})", [tuple(row.values()) for row in told]
            )


class NoneOfItError(Exception):
    """The whole file was refused: it is of another site, or not a file of V1."""


def bring_junk(session: Session, account: AccountRecord, path: Path) -> V1Report:
    try:
        return import_v1(session, account, path)
    except RequestRefusedError as error:
        raise NoneOfItError from error


def test_junk_in_any_column_never_crashes_and_every_row_is_accounted_for(
    database: Database, tmp_path: Path
) -> None:
    with database.transaction() as session:
        account = our_account(session)
        session.add(Contact(account_id=account.id, profile_url=f"{LINKEDIN}ann/", full_name="Ann"))

    @hypothesis_settings(max_examples=50)
    @given(st.composite(junk)())
    def holds(tables: dict[str, list[dict[str, Any]]]) -> None:
        path = tmp_path / "junk.db"
        path.unlink(missing_ok=True)
        write_junk(path, tables)
        with suppress(NoneOfItError), database.transaction() as session:
            report = bring_junk(session, account, path)
            again = bring_junk(session, account, path)
            for told in (report, again):
                assert {tally.table: tally.read for tally in told.tables if tally.is_present} == {
                    table: len(rows) for table, rows in tables.items()
                }
            assert again.brought == 0
            session.rollback()

    holds()
