"""Migrations build exactly the models' schema, up and down; concurrent ones run one after the other."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import psycopg
import pytest
from alembic import autogenerate, command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Engine, text

from db import migrate
from db.engine import Database
from db.schema_check import find_schema_problems
from db.tables import Base
from tests.db.plans.fill import FILL, ROWS
from tests.servers import Servers
from worker.errors import RequestRefusedError

OBJECTS = """
select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
from pg_constraint where connamespace = 'public'::regnamespace and conrelid <> 0
  and conrelid::regclass::text <> 'alembic_version' and contype <> 't'
union all
select 'index', tablename, indexname, indexdef
from pg_indexes where schemaname = 'public' and tablename <> 'alembic_version'
union all
select 'column', table_name, column_name,
       concat_ws(' ', data_type, is_nullable, column_default, is_identity,
                 col_description(('public.' || table_name)::regclass, ordinal_position))
from information_schema.columns where table_schema = 'public' and table_name <> 'alembic_version'
order by 1, 2, 3
"""


@pytest.fixture
def empty(servers: Servers) -> Iterator[list[str]]:
    """Two empty databases."""
    names = [f"test_{uuid4().hex}" for _ in range(2)]
    with psycopg.connect(servers.postgres_url, autocommit=True) as connection:
        for name in names:
            connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        yield [servers.database_url_of(name) for name in names]
        for name in names:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def test_the_newest_file_is_the_newest_revision() -> None:
    assert migrate.newest_revision() == ScriptDirectory.from_config(migrate._config()).get_current_head()


@pytest.fixture
def engines(empty: list[str]) -> Iterator[list[Engine]]:
    databases = [Database(url, application_name="tests") for url in empty]
    yield [database.engine for database in databases]
    for database in databases:
        database.close()


@pytest.fixture
def migrated_url(servers: Servers) -> Iterator[str]:
    """A database that is migrated and has the default templates: a copy, which is faster than migrating."""
    name = f"test_{uuid4().hex}"
    servers.copy_template(name)
    yield servers.database_url_of(name)
    servers.drop_database(name)


@pytest.fixture
def migrated(migrated_url: str) -> Iterator[Engine]:
    with closing(Database(migrated_url, application_name="tests")) as database:
        yield database.engine


def objects(engine: Engine) -> set[tuple[str, ...]]:
    with engine.connect() as connection:
        return {tuple(row) for row in connection.execute(text(OBJECTS))}


def counts(engine: Engine) -> dict[str, int]:
    """Return how many rows each table has."""
    with engine.connect() as connection:
        names = connection.scalars(text("select tablename from pg_tables where schemaname = 'public'")).all()
        return {name: connection.execute(text(f"select count(*) from {name}")).scalar_one() for name in names}


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return list(autogenerate.compare_metadata(context, Base.metadata))


def downgrade(engine: Engine) -> None:
    config = migrate._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")


def test_a_migrated_database_is_exactly_what_the_models_say(engines: list[Engine]) -> None:
    migrated, created = engines
    assert not migrate.is_schema_current(migrated)
    migrate.upgrade_schema(migrated)
    assert migrate.is_schema_current(migrated)
    assert differences(migrated) == []
    Base.metadata.create_all(created)
    # autogenerate does not compare checks, index predicates and comments
    assert objects(migrated) == objects(created)
    assert {row[0] for row in objects(migrated)} == {"constraint", "index", "column"}


def test_down_to_nothing_and_up_again(migrated: Engine) -> None:
    engine = migrated
    before = objects(engine)
    downgrade(engine)
    assert objects(engine) == set()
    with engine.connect() as connection:
        left = text("select proname from pg_proc where pronamespace = 'public'::regnamespace")
        assert connection.scalars(left).all() == []
    assert not migrate.is_schema_current(engine)
    migrate.upgrade_schema(engine)
    assert objects(engine) == before
    assert migrate.is_schema_current(engine)


def test_back_by_ten_revisions_and_forth_again_keeps_what_both_versions_know(
    migrated_url: str, migrated: Engine
) -> None:
    engine, known = migrated, migrate.list_revisions()
    with psycopg.connect(migrated_url, autocommit=True) as own:
        own.execute(FILL.replace(f"{ROWS}", "200"))
    before = counts(engine)
    migrate.move_schema(engine, known[-11])
    assert migrate.read_revision(engine) == known[-11]
    kept = counts(engine)
    assert all(before[table] == count for table, count in kept.items())
    assert kept["actions"] == kept["interactions"] == 204  # greetings and visits
    migrate.move_schema(engine, known[-1])
    with engine.connect() as connection:
        assert find_schema_problems(connection) == []
    noted = {"recent_changes"}  # each revision may note one
    again = counts(engine)
    assert [table for table in kept.keys() - noted if again[table] != before[table]] == []


def test_a_trigger_that_an_earlier_0053_dropped_is_not_missed(migrated: Engine) -> None:
    migrate.move_schema(migrated, "0054")
    with migrated.begin() as connection:
        connection.execute(text("drop function action_event_counted() cascade"))
    migrate.move_schema(migrated, "0055")
    assert migrate.read_revision(migrated) == "0055"


def test_migrating_again_changes_nothing_and_keeps_the_rows(migrated: Engine) -> None:
    engine = migrated
    with engine.begin() as connection:
        connection.execute(text("insert into accounts (name, site, time_zone) values ('a', 'b', 'UTC')"))
    migrate.upgrade_schema(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from accounts")) == 1
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0001'"))
    assert not migrate.is_schema_current(engine)


def test_a_database_of_a_newer_version_is_refused(migrated: Engine) -> None:
    engine = migrated
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999', serves_from = '9999'"))
    assert "newer version" in str(migrate.find_remedy(engine))
    with pytest.raises(RequestRefusedError, match="at revision 9999, of a newer version"):
        migrate.upgrade_schema(engine)


MIGRATE = """
import sys
from db import migrate
from db.engine import Database
database = Database(sys.stdin.readline().strip(), application_name="a migration")
with database.engine.connect():
    print("ready", flush=True)
    sys.stdin.readline()
migrate.upgrade_schema(database.engine)
print(migrate.is_schema_current(database.engine))
database.close()
"""


def test_processes_that_migrate_at_once_take_turns(empty: list[str], engines: list[Engine]) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(f"{empty[0]}\n")
        process.stdin.flush()
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        out, err = process.communicate(timeout=240)
        assert (process.returncode, out) == (0, "True\n"), err
    assert differences(engines[0]) == []
