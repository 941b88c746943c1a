"""The schema check finds each way in which a database can differ from what the migrations made."""

import pytest
from sqlalchemy import text

from db.engine import Database
from db.schema_check import EXPECTED, find_schema_problems, list_objects

DAMAGE = {
    "drop index ix_contacts_birthday": "the index contacts.ix_contacts_birthday is missing",
    "create index mine on contacts (score)": "the index contacts.mine is not Rapport's",
    "alter table accounts add column mine text": "the column accounts.mine is not Rapport's",
    "alter table accounts alter column site drop not null": "accounts.site was changed: it is text, not",
    "alter table accounts drop constraint ck_accounts_keep_days, "
    "add constraint ck_accounts_keep_days check (keep_days >= 1) not valid": "was never validated",
    "drop trigger ledger_stays on actions": "the trigger actions.ledger_stays is missing",
    "alter table actions disable trigger action_moved": "the trigger action_moved of actions is disabled",
    "create or replace function ledger_stays() returns trigger language plpgsql as "
    "'begin return old; end'": "the function ledger_stays() was changed",
    "alter table contacts reset (fillfactor)": "the setting contacts.fillfactor is missing",
    "update pg_index set indisvalid = false where indexrelid = 'ix_actions_due'::regclass": (
        "the index ix_actions_due is invalid: drop it, and run `rapport migrate`"
    ),
}


def test_the_file_says_what_the_migrations_make(database: Database) -> None:
    with database.engine.connect() as connection:
        made = list_objects(connection)
        assert EXPECTED.read_text().splitlines() == made, "run .venv/bin/python docs/make_schema_file.py"
        assert find_schema_problems(connection) == []


@pytest.mark.parametrize("statement", DAMAGE)
def test_each_difference_is_told(database: Database, statement: str) -> None:
    with database.engine.connect() as connection:
        connection.execute(text(statement))
        problems = find_schema_problems(connection)
        assert any(DAMAGE[statement] in problem for problem in problems), problems
        assert len(problems) <= 2
        connection.rollback()


@pytest.mark.parametrize(
    "setting", ["audit_heads set (fillfactor = 50)", "actions set (autovacuum_vacuum_scale_factor = 0.2)"]
)
def test_settings_of_the_operator_s_own_are_no_difference(database: Database, setting: str) -> None:
    with database.engine.connect() as connection:
        connection.execute(text(f"alter table {setting}"))
        assert find_schema_problems(connection) == []
        connection.rollback()


def test_a_greeting_writes_no_index_of_contacts() -> None:
    """Postgres writes them all if one names a column that changes, in its condition too."""
    indexes = [line for line in EXPECTED.read_text().splitlines() if line.startswith("index contacts.")]
    assert [line for line in indexes if "last_greeted_on" in line] == []
    assert indexes
