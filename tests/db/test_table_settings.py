"""Migrations set how the large tables are vacuumed; a setting of the operator's own wins."""

import pytest
from sqlalchemy import Engine, text

from db import migrate
from db.engine import Database
from db.schema_check import find_schema_problems


@pytest.fixture
def engine(database: Database) -> Engine:
    """A database from before the settings."""
    migrate.move_schema(database.engine, "0051")
    return database.engine


def read_settings(engine: Engine, table: str) -> set[str]:
    with engine.connect() as connection:
        found = text("select unnest(reloptions) from pg_class where oid = cast(:table as regclass)")
        return set(connection.scalars(found, {"table": table}))


def alter(engine: Engine, change: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"alter table {change}"))


def test_an_operators_own_setting_is_kept_and_is_no_difference(engine: Engine) -> None:
    alter(engine, "contacts set (autovacuum_vacuum_scale_factor = 0.001)")
    migrate.upgrade_schema(engine)
    assert read_settings(engine, "contacts") == {
        "autovacuum_vacuum_scale_factor=0.001", "autovacuum_analyze_scale_factor=0.02", "fillfactor=90",
    }  # fmt: skip
    with engine.connect() as connection:
        assert find_schema_problems(connection) == []


def test_a_downgrade_takes_back_only_the_settings_of_the_migration(engine: Engine) -> None:
    migrate.upgrade_schema(engine)
    alter(engine, "actions set (autovacuum_vacuum_scale_factor = 0.001, fillfactor = 70)")
    migrate.move_schema(engine, "0051")
    assert read_settings(engine, "actions") == {"autovacuum_vacuum_scale_factor=0.001", "fillfactor=70"}
    assert read_settings(engine, "contacts") == set()
