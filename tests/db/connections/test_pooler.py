"""PgBouncer in transaction mode: limits hold, statements don't break, a transaction leaves nothing behind."""

import pwd
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.stack.servers.ports import find_free_port
from db import engine
from db.engine import Database
from db.store.people import accounts
from tests import builders
from tests.cluster import wait_for

PGBOUNCER = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
IGNORED = (
    "ignore_startup_parameters = options, statement_timeout, idle_in_transaction_session_timeout, timezone"
)

pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="needs pgbouncer (Debian: apt install pgbouncer)")


@pytest.fixture(params=["", IGNORED], ids=["as it ships", "ignores start-up parameters"])
def pooled_url(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a PgBouncer with two connections to this test's database, whose zone is not UTC."""
    server = conninfo_to_dict(database_url)
    port = find_free_port()
    config = tmp_path / "pgbouncer.ini"
    config.write_text(
        f"[databases]\npooled = host=127.0.0.1 port={server['port']} dbname={server['dbname']} "
        f"user={server['user']} password={server['password']} timezone=America/New_York\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"pool_mode = transaction\ndefault_pool_size = 2\n{request.param}\n"
    )
    unprivileged: dict[str, object] = {}
    if not Path("/proc/self").stat().st_uid:  # it refuses to run as root
        nobody = pwd.getpwnam("nobody")
        unprivileged = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        shutil.chown(config, nobody.pw_uid)
    with (tmp_path / "log").open("w") as log, config.open() as readable:
        process = subprocess.Popen(
            [str(PGBOUNCER), f"/dev/fd/{readable.fileno()}"],
            stderr=log, pass_fds=[readable.fileno()], **unprivileged,  # type: ignore[call-overload]  # as a mapping
        )  # fmt: skip
    url = f"postgresql://{server['user']}:any@127.0.0.1:{port}/pooled"
    try:
        wait_for("PgBouncer", lambda: answers(url))
        yield url
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture
def pooled(pooled_url: str) -> Iterator[Database]:
    database = Database(pooled_url, application_name="rapport pooled", statement_timeout_ms=4321)
    yield database
    database.close()


def test_each_transaction_has_its_limits_and_leaves_none_behind(pooled: Database, pooled_url: str) -> None:
    names = "statement_timeout", "idle_in_transaction_session_timeout", "timezone", "application_name"
    shown = text("select " + ", ".join(f"current_setting('{name}')" for name in names))
    for _ in range(3):
        with pooled.transaction() as session:
            assert tuple(session.execute(shown).one()) == ("4321ms", "20s", "UTC", "rapport pooled")
    with pooled.single_statement() as connection:
        assert tuple(connection.execute(shown).one()) == ("4321ms", "20s", "UTC", "rapport pooled")
    with psycopg.connect(pooled_url, autocommit=True) as other:  # another client, the same server connections
        found = other.execute("select current_setting('statement_timeout')").fetchone()
    assert found == ("0",)


def test_a_statement_that_takes_too_long_is_ended(pooled_url: str) -> None:
    impatient = Database(pooled_url, application_name="tests", statement_timeout_ms=100)
    with pytest.raises(DBAPIError, match="statement timeout"), impatient.transaction() as session:
        session.execute(text("select pg_sleep(30)"))
    impatient.close()


def test_a_transaction_whose_client_has_gone_silent_is_ended_and_its_locks_with_it(
    pooled_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_IDLE_IN_TRANSACTION_MS", 1_000)  # more than a first connection pauses
    silent = Database(pooled_url, application_name="silent")
    with silent.engine.connect() as connection:
        connection.execute(text("lock table actions"))
        with psycopg.connect(pooled_url, autocommit=True) as other:
            other.execute("select count(*) from actions")  # waits for the lock
        with pytest.raises(DBAPIError):
            connection.execute(text("select 1"))
    silent.close()


def test_statements_that_run_often_are_not_prepared(pooled: Database, database_url: str) -> None:
    def work(number: int) -> None:
        for turn in range(20):  # psycopg prepares at the fifth
            with pooled.transaction() as session:
                asked = text("select cast(:number as int) + cast(:turn as int)")
                assert session.scalar(asked, {"number": number, "turn": turn}) == number + turn

    with ThreadPoolExecutor(4) as clients:
        list(clients.map(work, range(4)))


def test_without_a_pooler_statements_are_prepared(database: Database) -> None:
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        assert driver.prepare_threshold == 5


def test_timestamps_are_in_utc_though_the_server_has_another_zone(pooled: Database) -> None:
    moment = text("select timestamptz '2026-11-29 23:30Z', array[timestamptz '2026-06-29 23:30Z']")
    with pooled.single_statement() as session:  # its COMMIT is answered before the row is read
        found, (listed,) = session.execute(moment).one()
    assert (found.tzinfo, listed.tzinfo) == (UTC, UTC)
    assert (found, listed) == (
        datetime(2026, 11, 29, 23, 30, tzinfo=UTC),
        datetime(2026, 6, 29, 23, 30, tzinfo=UTC),
    )


def test_rapport_works_behind_the_pooler(pooled: Database, pooled_url: str) -> None:
    migrate_and_seed(pooled_url)  # finds it current
    with pooled.transaction() as session:
        account = builders.an_account(session)
        builders.add_planned(session, account, builders.a_contact(session, account, "ann"))
    with pooled.snapshot() as session:
        assert [each.name for each in accounts.list_accounts(session)] == [account.name]
        actor = session.execute(text("select actor from action_events")).scalars().all()
    assert actor == ["rapport pooled"]
