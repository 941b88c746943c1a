"""Code works on the tables of a newer version as long as these say that they serve it."""

import re
from collections.abc import Iterator
from inspect import getsource

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from api_stub.cli.stack.migrate import migrate_and_seed
from db import migrate, roles
from db.engine import Database
from worker.errors import RequestRefusedError

FIRST_THAT_SAYS = "0051"
"""Earlier revisions came before the column."""

CONTRACTS = re.compile(
    r"drop_column|drop_table|rename_table|alter_column\([^)]*(new_column_name|nullable=False|type_=)"
    r"|drop (column|table|view)|rename (column|to)|set not null|set data type",
    re.IGNORECASE,
)


@pytest.fixture
def engine(database: Database) -> Engine:
    return database.engine


def place(engine: Engine, revision: str, serves_from: str | None) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("update alembic_version set version_num = :revision, serves_from = :serves_from"),
            {"revision": revision, "serves_from": serves_from},
        )


def test_these_tables_serve_the_code_from_the_revision_that_says_so(engine: Engine) -> None:
    assert migrate.find_remedy(engine) is None
    with engine.connect() as connection:
        assert connection.scalar(text("select serves_from from alembic_version")) == FIRST_THAT_SAYS


@pytest.mark.parametrize("serves_from", ["own", FIRST_THAT_SAYS])
def test_a_newer_schema_that_serves_this_code_is_left_alone(engine: Engine, serves_from: str) -> None:
    serves_from = migrate.newest_revision() if serves_from == "own" else serves_from
    place(engine, "9998", serves_from)
    assert migrate.find_remedy(engine) is None
    assert migrate.upgrade_schema(engine) is False
    assert migrate.read_revision(engine) == "9998"
    assert not migrate.is_schema_current(engine)  # so no backup of tables that this code doesn't know


@pytest.mark.parametrize("serves_from", ["9997", None])
def test_a_newer_schema_that_no_longer_serves_this_code_is_refused(
    engine: Engine, serves_from: str | None
) -> None:
    place(engine, "9998", serves_from)
    assert "start the newer version" in str(migrate.find_remedy(engine))
    with pytest.raises(RequestRefusedError, match="of a newer version"):
        migrate.upgrade_schema(engine)


def test_tables_older_than_the_code_do_not_serve_it(engine: Engine) -> None:
    place(engine, migrate.list_revisions()[-2], FIRST_THAT_SAYS)
    assert migrate.find_remedy(engine) == "run `rapport migrate`"


def test_an_older_version_changes_nothing_of_a_newer_ones_tables(
    database_url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(engine, "9998", migrate.newest_revision())
    granted: list[Engine] = []
    monkeypatch.setattr(roles, "grant_rights", granted.append)
    assert migrate_and_seed(database_url) is False
    assert granted == []


def test_tables_from_before_the_column_serve_their_own_code_only(engine: Engine) -> None:
    before = ScriptDirectory.from_config(migrate._config()).get_revision(FIRST_THAT_SAYS).down_revision
    migrate.move_schema(engine, str(before))
    assert migrate.find_remedy(engine) == "run `rapport migrate`"
    assert migrate.upgrade_schema(engine)
    assert migrate.find_remedy(engine) is None


def upgrades() -> Iterator[tuple[str, str, str]]:
    """Yield each revision after the first, with the source of its upgrade and downgrade."""
    for script in ScriptDirectory.from_config(migrate._config()).walk_revisions():
        if script.revision > FIRST_THAT_SAYS:
            yield script.revision, getsource(script.module.upgrade), getsource(script.module.downgrade)


def test_a_revision_that_contracts_says_which_code_it_still_serves() -> None:
    found = [
        revision
        for revision, upgrade, downgrade in upgrades()
        if CONTRACTS.search(upgrade) and not ("serve_from(" in upgrade and "serve_from(" in downgrade)
    ]
    assert found == []


@pytest.mark.parametrize(
    "contracting",
    [
        'op.drop_column("a", "b")',
        'op.drop_table("a")',
        'op.alter_column("a", "b", new_column_name="c")',
        'op.alter_column("a", "b", nullable=False)',
        'op.execute("alter table a rename column b to c")',
        'op.execute("alter table a alter column b set not null")',
        'op.execute("ALTER TABLE a DROP COLUMN b")',
    ],
)
def test_what_contracts_is_recognised(contracting: str) -> None:
    assert CONTRACTS.search(contracting)


def test_adding_is_not_contracting() -> None:
    assert not CONTRACTS.search('op.add_column("a", sa.Column("b", sa.Text(), nullable=True))')
