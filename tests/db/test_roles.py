"""What each role of Postgres may not do, tried by it."""

from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import LargeBinary

from api_stub.cli.stack.migrate import migrate_and_seed
from db import roles
from db.engine import Database
from db.role_names import APP, READER
from db.tables import Base, Interaction
from tests import builders
from tests.servers import Servers
from worker.errors import RequestRefusedError
from worker.rules.model import Kind

PASSWORD = "of-this-test"


def as_user(url: str, user: str, password: str = PASSWORD) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{user}:{password}@{parts.hostname}:{parts.port}").geturl()


@pytest.fixture
def filled(database_url: str) -> str:
    """A database with an account, a contact, an action and an interaction; its address for the owner."""
    database = Database(database_url, application_name="tests")
    with database.transaction() as session:
        account = builders.an_account(session)
        contact = builders.a_contact(session, account, "ann")
        action_id = builders.add_planned(session, account, contact)
        session.add(
            Interaction(
                account_id=account.id,
                contact_id=contact.id,
                action_id=action_id,
                type=Kind.GREET,
                status="proven",
                occasion="birthday:2026",
                message="Hi!",
                correlation_id="test",
            )
        )
    database.close()
    return database_url


@pytest.fixture
def app(filled: str, servers: Servers) -> Iterator[psycopg.Connection]:
    with psycopg.connect(urlsplit(servers.app_url)._replace(path=urlsplit(filled).path).geturl()) as app:
        yield app
        app.rollback()


@pytest.fixture
def reader(filled: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(filled, autocommit=True) as owner:
        owner.execute(f"alter role {READER} login password '{PASSWORD}'")
    with psycopg.connect(as_user(filled, READER)) as reader:
        yield reader
        reader.rollback()


REFUSED_TO_THE_PROCESSES = (
    "alter table actions disable trigger action_moved",
    "alter table actions disable trigger all",
    "drop trigger action_moved on actions",
    "drop function action_moved()",
    "create or replace function action_moved() returns trigger language plpgsql as 'begin return null; end'",
    "set session_replication_role = replica",
    "insert into action_events select * from action_events",
    "update action_events set actor = 'somebody'",
    "delete from action_events",
    "truncate action_events cascade",
    "update audit_heads set hash = ''",
    "insert into audit_heads values (-1, 0, '')",
    "delete from audit_heads",
    "update action_totals set moves = moves + 1",
    "insert into action_totals values (-1, '', '', '', '', '', 1)",
    "delete from action_totals",
    "insert into recent_changes (xid) values (1)",
    "delete from recent_changes",
    "update people_totals set people = people + 1",
    "insert into people_totals values (-1, 'import', 'success', 1)",
    "create temp table t (); create trigger t after insert on t execute function import_counted()",
    "update interactions set created_at = now()",
    "update interactions set occasion = ''",
    "truncate interactions cascade",
    "update quota_changes set changed_by = 'somebody'",
    "delete from quota_changes",
    "update changes set by = 'somebody'",
    "delete from changes",
    "delete from actions",
    "delete from interactions",
    "delete from accounts",
    "delete from api_keys",
    "update alembic_version set version_num = '0001'",
    "create table mine (id int)",
    "alter table actions add column mine int",
    "create temp table t (); create trigger t after insert on t for each row execute function action_moved()",
    "set role rapport",
    "create role mine",
)


def test_the_processes_may_not_touch_the_audit_or_the_schema(app: psycopg.Connection) -> None:
    for statement in REFUSED_TO_THE_PROCESSES:
        try:
            with app.transaction():
                app.execute(statement)
        except InsufficientPrivilege:
            continue
        pytest.fail(f"they may: {statement}")


def test_what_goes_with_a_contact_is_no_way_to_delete_from_the_ledger(app: psycopg.Connection) -> None:
    with pytest.raises(InsufficientPrivilege, match="never deleted"):
        app.execute("delete from contacts")
    app.rollback()
    with pytest.raises(InsufficientPrivilege, match="never deleted"):
        app.execute("delete from interactions")


def test_what_an_import_brought_can_be_undone(app: psycopg.Connection) -> None:
    app.execute(
        "with i as (insert into imports (account_id, source, started_by, file_name, report) "
        "select id, 'csv', 'x', 'x', '{}' from accounts returning id, account_id) "
        "insert into interactions (account_id, contact_id, source_key, import_id, type, status, occasion, "
        "message, correlation_id) select i.account_id, c.id, 'x', i.id, 'greet', 'imported', 'x', '', 'x' "
        "from i, contacts c"
    )
    assert app.execute("delete from interactions where import_id is not null").rowcount == 1


def test_a_merge_may_move_an_interaction_and_an_answer_may_be_noted(app: psycopg.Connection) -> None:
    app.execute("update interactions set contact_id = contact_id, automatic_at = now()")


def test_the_trigger_writes_for_the_processes_and_names_them(app: psycopg.Connection) -> None:
    app.execute("set application_name = 'a worker'")
    app.execute("update actions set state = 'skipped', reason = 'expired' where state = 'planned'")
    newest = app.execute("select actor, to_state from action_events order by seq desc limit 1").fetchone()
    assert newest == ("a worker", "skipped")


def test_while_the_rights_of_a_new_release_are_not_given_yet_what_happens_is_recorded(
    filled: str, app: psycopg.Connection
) -> None:
    with psycopg.connect(filled, autocommit=True) as owner:
        owner.execute(f"revoke all on interactions_by_day, recent_changes from {APP}")
    app.execute("update interactions set replied_at = now()")
    with psycopg.connect(filled, autocommit=True) as owner:
        owner.execute(f"grant select on interactions_by_day to {APP}")
    counted = app.execute("select sum(happened), sum(answered) from interactions_by_day").fetchone()
    assert counted == (1, 1)


def test_the_trigger_s_tables_cannot_be_replaced_by_temporary_ones(app: psycopg.Connection) -> None:
    app.execute("create temp table action_events (like public.action_events)")
    app.execute("create temp table audit_heads (like public.audit_heads)")
    app.execute("update actions set state = 'skipped', reason = 'expired' where state = 'planned'")
    assert app.execute("select count(*) from pg_temp.action_events").fetchone() == (0,)
    assert app.execute("select count(*) > 1 from public.action_events").fetchone() == (True,)


BINARY = {
    (table.name, column.name)
    for table in Base.metadata.tables.values()
    for column in table.columns
    if isinstance(column.type, LargeBinary)
}
"""All that is encrypted, and all hashes that are stored as bytes."""


def test_the_reader_reads_every_column_that_is_not_binary_and_writes_nothing(
    reader: psycopg.Connection,
) -> None:
    withheld = reader.execute(
        "select relname, attname from pg_attribute join pg_class on pg_class.oid = attrelid "
        "where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') "
        "and attnum > 0 and not attisdropped and not has_column_privilege(attrelid, attnum, 'select')"
    ).fetchall()
    assert set(withheld) == BINARY
    assert reader.execute("select name from accounts").fetchone()
    for statement in (
        *(f"select {column} from {table}" for table, column in sorted(BINARY)),
        "update accounts set status = 'paused'",
        "insert into kill_switch default values",
        "delete from contacts",
        "create table mine (id int)",
    ):
        with pytest.raises(InsufficientPrivilege), reader.transaction():
            reader.execute(statement)


def test_migrating_renews_the_rights_as_a_later_table_needs_them(
    filled: str, app: psycopg.Connection
) -> None:
    with psycopg.connect(filled, autocommit=True) as owner:
        owner.execute(f"revoke all on kill_switch from {APP}")
        owner.execute("create view of_an_extension as select 1")
    migrate_and_seed(filled)
    app.execute("select * from kill_switch")
    with pytest.raises(InsufficientPrivilege):
        app.execute("select * from of_an_extension")


def test_with_a_keeper_only_it_reads_and_changes_keys(
    filled: str, app: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"keeper_{uuid4().hex[:8]}"  # roles belong to the server that all tests share
    monkeypatch.setattr(roles, "KEEPER", name)
    with psycopg.connect(filled, autocommit=True) as owner:
        owner.execute(f"create role {name} login password '{PASSWORD}'")
        owner.execute(f"grant {APP} to {name}")
    migrate_and_seed(filled)
    try:
        with psycopg.connect(as_user(filled, name)) as keeper:
            keeper.execute(
                "insert into api_keys (name, public_id, secret_hash, scopes, per_minute, burst) "
                "values ('crm', repeat('0', 12), sha256('x'), array['read'], 1, 1)"
            )
            keeper.execute("select secret_hash from api_keys")
            keeper.execute("select * from accounts")
        app.execute("select name, scopes from api_keys")
        for statement in (
            "select secret_hash from api_keys", "update api_keys set scopes = array['admin']",
            "insert into api_keys (name) values ('mine')", "delete from api_keys",
        ):  # fmt: skip
            with pytest.raises(InsufficientPrivilege), app.transaction():
                app.execute(statement)
    finally:
        app.rollback()
        monkeypatch.undo()
        migrate_and_seed(filled)  # as it was: the database is used again
        with psycopg.connect(filled, autocommit=True) as owner:
            owner.execute(f"drop owned by {name}")
            owner.execute(f"drop role {name}")
    app.execute("select secret_hash from api_keys")


def test_a_role_that_may_not_create_roles_is_told_so(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "APP", f"app_{uuid4().hex}")
    with psycopg.connect(filled, autocommit=True) as owner:
        name = f"migrator_{uuid4().hex[:8]}"
        owner.execute(f"create role {name} login password '{PASSWORD}'")
        owner.execute(f"grant rapport to {name}")
    with pytest.raises(RequestRefusedError, match="CREATEROLE"):
        migrate_and_seed(as_user(filled, name), with_roles=True)
    with psycopg.connect(filled, autocommit=True) as owner:
        owner.execute(f"drop role {name}")
