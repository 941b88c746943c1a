"""A migration never waits long for a lock, says who holds it, and can be repeated."""

import ast
import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, text

from db import migrate
from db.engine import Database
from worker.errors import RequestRefusedError

AddRevision = Callable[[str], None]

LAST_WITHOUT_THE_RULE: Final = "0016"
"""Later revisions build an index of an existing table concurrently."""


@pytest.fixture
def engine(database: Database) -> Engine:
    return database.engine


@pytest.fixture
def add_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddRevision:
    """Adds a revision after the newest one, whose upgrade is the given code."""
    config = migrate._config()
    shipped = Path(str(config.get_main_option("script_location"))) / "versions"
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", f"{shipped}:{tmp_path}")
    scripts = ScriptDirectory.from_config
    monkeypatch.setattr(migrate, "_config", lambda: config)
    monkeypatch.setattr(migrate, "newest_revision", lambda: scripts(config).get_current_head())
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT_MS", 700)
    numbers = count(9001)

    def add(upgrade: str) -> None:
        number = next(numbers)
        (tmp_path / f"{number}_test.py").write_text(
            "from alembic import op\n"
            "from db.concurrent_index import create_index_concurrently\n"
            f"revision = '{number}'\n"
            f"down_revision = '{scripts(config).get_current_head()}'\n"
            f"def upgrade():\n    {upgrade}\n"
        )

    return add


@pytest.fixture
def holder(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A session that has read contacts and does nothing more, in an open transaction."""
    with psycopg.connect(database_url, application_name="a dump") as connection:
        connection.execute("select id from contacts limit 1")
        yield connection


def has_column(engine: Engine, column: str) -> bool:
    found = text("select count(*) from information_schema.columns where column_name = :column")
    with engine.connect() as connection:
        return bool(connection.scalar(found, {"column": column}))


def test_it_gives_up_says_who_holds_the_table_and_can_be_repeated(
    engine: Engine, add_revision: AddRevision, holder: psycopg.Connection[Any]
) -> None:
    add_revision("op.execute('alter table contacts add column first_try int')")
    with pytest.raises(RequestRefusedError) as told:
        migrate.upgrade_schema(engine)
    says = str(told.value)
    assert says.startswith(f"somebody holds contacts: pid {holder.info.backend_pid}, since ")
    assert (
        "application 'a dump', idle in transaction, last statement: select id from contacts limit 1" in says
    )
    assert "; nothing was changed. Repeat" in says
    assert not has_column(engine, "first_try")
    holder.rollback()
    migrate.upgrade_schema(engine)
    assert has_column(engine, "first_try")
    assert migrate.is_schema_current(engine)


def test_a_revision_that_is_done_holds_no_lock_while_a_later_one_waits(
    engine: Engine, add_revision: AddRevision, holder: psycopg.Connection[Any]
) -> None:
    add_revision("op.execute('alter table accounts add column first_step int')")
    add_revision("op.execute('alter table contacts add column second_step int')")
    with pytest.raises(RequestRefusedError, match="revision 9001 is in place"):
        migrate.upgrade_schema(engine)
    assert (has_column(engine, "first_step"), has_column(engine, "second_step")) == (True, False)
    holder.rollback()
    migrate.upgrade_schema(engine)
    assert has_column(engine, "second_step")


def test_triggers_of_many_tables_are_created_one_at_a_time(
    engine: Engine, holder: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for one table and holds others would deadlock with a worker that writes both."""
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT_MS", 700)
    holder.rollback()
    with engine.connect() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0028")
    holder.execute("lock table contacts in row exclusive mode")
    with pytest.raises(RequestRefusedError, match="somebody holds contacts"):
        migrate.upgrade_schema(engine)
    made = text(
        "select count(*) from pg_trigger where tgname = 'change_noted' and tgrelid = 'accounts'::regclass"
    )
    with engine.connect() as connection:
        assert connection.scalar(made) == 1  # and so the lock on accounts was released
    holder.rollback()
    migrate.upgrade_schema(engine)
    assert migrate.is_schema_current(engine)


def test_readers_wait_no_longer_than_seconds_behind_a_migration() -> None:
    assert 1000 <= migrate.LOCK_TIMEOUT_MS <= 5000


def test_another_migration_is_waited_for_and_then_named(
    engine: Engine, database_url: str, add_revision: AddRevision, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_revision("op.execute('alter table contacts add column in_turn int')")
    monkeypatch.setattr(migrate, "TURN_TIMEOUT_S", 0.1)
    with psycopg.connect(database_url) as other:
        other.execute("select pg_advisory_lock(%s)", [migrate.MIGRATION_LOCK])
        with pytest.raises(RequestRefusedError, match="another process migrates"):
            migrate.upgrade_schema(engine)
    migrate.upgrade_schema(engine)
    assert has_column(engine, "in_turn")


@pytest.mark.parametrize("serves_from", ["9999", "0051"])
def test_a_newer_version_that_migrates_meanwhile_is_seen_when_the_turn_has_come(
    engine: Engine,
    database_url: str,
    add_revision: AddRevision,
    monkeypatch: pytest.MonkeyPatch,
    serves_from: str,
) -> None:
    add_revision("op.execute('alter table contacts add column too_late int')")
    with psycopg.connect(database_url) as other:
        other.execute("select pg_advisory_lock(%s)", [migrate.MIGRATION_LOCK])

        def end_the_other(_seconds: float) -> None:
            other.execute("update alembic_version set version_num = '9999', serves_from = %s", [serves_from])
            other.execute("select pg_advisory_unlock(%s)", [migrate.MIGRATION_LOCK])
            other.commit()

        monkeypatch.setattr("db.migrate.time.sleep", end_the_other)
        if serves_from == "0051":  # the newer tables serve this code too
            assert migrate.upgrade_schema(engine) is False
        else:
            with pytest.raises(RequestRefusedError, match="at revision 9999, of a newer version"):
                migrate.upgrade_schema(engine)
    assert not has_column(engine, "too_late")


def test_readers_of_contacts_are_locked_out_by_the_last_statement_of_room_for_updates(engine: Engine) -> None:
    """They would also wait for what a later statement waits for."""
    migrate.move_schema(engine, "0051")
    holds = text(
        "select count(*) from pg_locks where pid = pg_backend_pid() and relation = 'contacts'::regclass "
        "and mode = 'AccessExclusiveLock'"
    )
    seen: list[tuple[str, bool]] = []

    def look(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement != str(holds):
            seen.append((statement, bool(connection.scalar(holds))))

    event.listen(engine, "after_cursor_execute", look)
    migrate.move_schema(engine, "0052")
    locked_out = [statement for statement, is_held in seen if is_held]
    assert [each.split()[0:2] for each in locked_out] == [["DROP", "INDEX"], ["UPDATE", "alembic_version"]]


def test_an_index_is_built_concurrently_in_place_of_an_interrupted_build(
    engine: Engine, database_url: str, add_revision: AddRevision
) -> None:
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("create table large (n int)")
        other.execute("insert into large values (1), (1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            other.execute("create unique index concurrently ix_large_n on large (n)")
        add_revision("create_index_concurrently('ix_large_n', 'large', ['n'], where='n > 0')")
        statements: list[str] = []
        event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        migrate.upgrade_schema(engine)
        (found,) = other.execute(
            "select indisvalid, indisunique, pg_get_indexdef(indexrelid) from pg_index "
            "where indexrelid = 'ix_large_n'::regclass"
        ).fetchall()
    assert found[:2] == (True, False)
    assert any(each.startswith("CREATE INDEX CONCURRENTLY") for each in statements)
    assert found[2].endswith("(n) WHERE (n > 0)")


def test_a_new_index_of_an_existing_table_is_built_concurrently() -> None:
    versions = Path(str(migrate._config().get_main_option("script_location"))) / "versions"
    for path in sorted(versions.glob("[0-9]*.py")):
        if path.name[:4] > LAST_WITHOUT_THE_RULE:
            assert find_blocking_indexes(path.read_text()) == [], path.name


def find_blocking_indexes(source: str) -> list[str]:
    """Return what builds an index of a table that the revision did not create, and blocks its writers.

    A downgrade may: nothing runs meanwhile.
    """
    body = ast.parse(source).body
    upgrades = (each for each in body if not (isinstance(each, ast.FunctionDef) and each.name == "downgrade"))
    nodes = [node for each in upgrades for node in ast.walk(each)]
    calls = [(ast.unparse(node.func), node) for node in nodes if isinstance(node, ast.Call)]
    created = {ast.literal_eval(call.args[0]) for name, call in calls if name == "op.create_table"}
    builders = {"op.create_index", "op.create_unique_constraint", "op.create_exclude_constraint"}
    blocking = [
        ast.unparse(call)
        for name, call in calls
        if name in builders and ast.unparse(call.args[1]).strip("'") not in created
    ]
    texts = [str(node.value).lower() for node in nodes if isinstance(node, ast.Constant)]
    return blocking + [each for each in texts if re.search(r"create\s+(unique\s+)?index\b", each)]


@pytest.mark.parametrize(
    ("code", "blocks"),
    [
        ("op.create_index('ix', 'contacts', ['email'])", True),
        ("op.create_unique_constraint('uq', 'contacts', ['email'])", True),
        ("op.execute('create unique index ix on contacts (email)')", True),
        ("op.create_table('new', x)\nop.create_index('ix', 'new', ['email'])", False),
        ("create_index_concurrently('ix', 'contacts', ['email'])", False),
        ("def upgrade():\n    op.create_index('ix', 'contacts', ['email'])", True),
        ("def downgrade():\n    op.create_index('ix', 'contacts', ['email'])", False),
    ],
)
def test_the_rule_sees_each_way_to_build_an_index(code: str, blocks: bool) -> None:
    assert bool(find_blocking_indexes(code)) is blocks
