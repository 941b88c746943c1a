"""The roles of Postgres: the owner migrates, the processes have the least, reports only read.

If there is a keeper, only it may read the hashes of API keys and change keys.

The owner of the tables is whoever migrates. Neither of the other roles may change the schema, its triggers or
the audit log.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Connection, Engine, LargeBinary, text

from db.migrate import lock_for_migration
from db.role_names import APP, KEEPER, READER
from db.tables import Base

_WRITTEN_BY_TRIGGERS: Final = (
    "action_events", "audit_heads", "action_totals", "people_totals", "recent_changes", "event_feed",
    "alembic_version", "restores",
)  # fmt: skip
"""Also by migrations, and by whoever restores a backup, as the owner."""
_ONLY_GROWING: Final = ("quota_changes", "changes")
_NEVER_DELETED: Final = ("accounts", "actions", "api_keys", "tombstones", "quota_epochs")
_KEYS: Final = "api_keys"
_MUTABLE: Final = {
    "event_feed": ("deleted_to",),
    "interactions": (
        "message", "reply", "replied_at", "automatic_at", "screenshot", "source_key", "import_id",
        "contact_id",
    ),
}  # fmt: skip
"""The only columns of a table that change: for erasure, for answers to a greeting, for merged contacts."""


class RoleRefusedError(Exception):
    """The role of DATABASE_URL may not create roles."""


def create_roles(engine: Engine) -> None:
    """Create the roles that are missing, without login. Raises RoleRefusedError if this role may not."""
    with engine.begin() as connection:
        lock_for_migration(connection)
        missing = [name for name in (APP, READER) if not _exists(connection, name)]
        may_create = connection.scalar(
            text("select rolsuper or rolcreaterole from pg_roles where rolname = current_user")
        )
        if missing and not may_create:
            raise RoleRefusedError(
                f"the role of DATABASE_URL may not create {' and '.join(missing)}: migrate as a role with "
                "CREATEROLE, or have them created: " + "; ".join(f"create role {name}" for name in missing)
            )
        for name in missing:
            connection.execute(text(f"create role {name} nologin"))


def grant_rights(engine: Engine) -> bool:
    """Give the roles their rights on every table, and no others. Return whether there are roles.

    Does nothing if they don't exist, or if this role doesn't own the tables.
    """
    with engine.begin() as connection:
        lock_for_migration(connection)  # two that grant at once would fail
        if not (_exists(connection, APP) and _exists(connection, READER)) or not _is_owner(connection):
            return False
        for statement in _statements(connection):
            connection.execute(text(statement))
        if _exists(connection, KEEPER):
            for statement in _keeper_statements():
                connection.execute(text(statement))
    return True


def _exists(connection: Connection, name: str) -> bool:
    return bool(connection.scalar(text("select true from pg_roles where rolname = :name"), {"name": name}))


def _is_owner(connection: Connection) -> bool:
    found = (
        "select pg_has_role(current_user, relowner, 'usage') from pg_class where oid = 'accounts'::regclass"
    )
    return bool(connection.scalar(text(found)))


def _statements(connection: Connection) -> Sequence[str]:
    """Return the grants on Rapport's own tables: the schema may hold those of extensions too."""
    schema = connection.scalar(text("select quote_ident(current_schema())"))
    tables = Base.metadata.tables
    every = ", ".join([*tables, "alembic_version"])
    readable = {table: _readable_columns(table) for table in tables}
    return (
        f"revoke create on schema {schema} from public",
        f"grant usage on schema {schema} to {APP}, {READER}",
        f"revoke all on {every} from public, {APP}, {READER}",
        f"grant select, insert, update, delete on {every} to {APP}",
        f"grant execute on function lock_audit_head(bigint) to {APP}",
        f"revoke insert, update, delete on {', '.join(_WRITTEN_BY_TRIGGERS)} from {APP}",
        f"revoke update, delete on {', '.join(_ONLY_GROWING)} from {APP}",
        f"revoke delete on {', '.join(_NEVER_DELETED)} from {APP}",
        *(f"revoke update on {table} from {APP}" for table in _MUTABLE),
        *(f"grant update ({', '.join(columns)}) on {table} to {APP}" for table, columns in _MUTABLE.items()),
        *(f"grant select ({columns}) on {table} to {READER}" for table, columns in readable.items()),
        f"grant select on alembic_version to {READER}",
    )


def _keeper_statements() -> Sequence[str]:
    """Return what leaves the keys to the keeper. Other processes still see which names are taken."""
    return (
        f"revoke all on {_KEYS} from {APP}",
        f"grant select ({_readable_columns(_KEYS)}) on {_KEYS} to {APP}",
        f"grant select, insert, update on {_KEYS} to {KEEPER}",
    )


def _readable_columns(table: str) -> str:
    columns = Base.metadata.tables[table].columns
    return ", ".join(f'"{column.name}"' for column in columns if not _is_sealed(column))


def _is_sealed(column: Column[Any]) -> bool:
    return isinstance(column.type, LargeBinary)
