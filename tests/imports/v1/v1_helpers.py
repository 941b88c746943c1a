"""Helpers of the V1 tests: write a file, import it, and compare the database."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.imports.v1 import file, rows
from db.imports.v1.importer import import_v1_file
from db.imports.v1.report import V1Report
from db.imports.v1.rows import V1Context
from db.store.people.accounts import AccountRecord
from db.tables import Base, Contact
from tests.builders import TEN, an_account
from tests.imports.v1.messy_v1 import NOW, ZONE, Messy
from worker.rules.model import ContactStatus

SAMPLE = Path(__file__).parents[2] / "data" / "linkedin-v1-sample.db"
SAMPLE_MADE_ON = date(2026, 11, 22)
"""When V1 wrote to everybody in it, by its contacts; its messages are dated otherwise."""
LINKEDIN = "https://www.linkedin.com/in/"


def our_account(session: Session) -> AccountRecord:
    return an_account(session, site="linkedin", zone=ZONE.key, limits=TEN)


def import_v1(session: Session, account: AccountRecord, path: Path, now: datetime = NOW) -> V1Report:
    lines = rows.parse_file(file.read_v1_file(path), V1Context(account.site, account.zone, now))
    return import_v1_file(session, account, lines, by="tests", now=now)


def write_sqlite(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(";".join(statements))
    return path


def count_rows_in_file(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"select count(*) from {table}").fetchone()[0])


def dump(session: Session) -> Mapping[str, list[str]]:
    """Return all rows of the database, except imports, quota epochs, and totals, which only get more rows."""
    left_out = {"imports", "quota_epochs", "action_totals", "people_totals", "interactions_by_day"}
    left_out |= {"recent_changes"}  # notes of changes for the console's pages
    tables = [table for table in Base.metadata.sorted_tables if table.name not in left_out]
    return {
        table.name: sorted(session.scalars(text(f"select to_jsonb(t)::text from {table.name} t")))
        for table in tables
    }


def add_known_people(session: Session, account: AccountRecord, messy: Messy) -> None:
    """Add contacts in every state that an import could spoil."""
    known: list[dict[str, Any]] = [
        {"status": ContactStatus.NOT_CONNECTED, "score": 5, "profile": {"headline": "Ours"}},
        {"status": ContactStatus.PROSPECT, "full_name": ""},
        {"do_not_contact": True, "last_greeted_on": date(2026, 11, 20)},
        {"last_greeted_on": date(2020, 1, 1)},
    ]
    slugs = [one.slug for one in messy.people if one.slug]
    for slug, values in zip(slugs, known * 20, strict=False):
        contact = Contact(account_id=account.id, profile_url=f"{LINKEDIN}{slug}/", full_name="Known Before")
        for name, value in values.items():
            setattr(contact, name, value)
        session.add(contact)
    session.flush()
