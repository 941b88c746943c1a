"""Schema migrations: upgrade to this code's revision, and check for it.

Each revision is one short transaction, so that a lock lasts no longer than its revision. A wait for a lock is
bounded, because whoever reads a table queues behind a migration that waits for it.

Alembic is imported inside functions, because it takes as long as all other imports of the database's modules,
and most schemas are current.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import OperationalError

from db.lock_holders import LockWatch, describe_holders
from worker.clock import monotonic_seconds
from worker.errors import RequestRefusedError

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
MIGRATION_LOCK: Final = 7_203_118_442
"""Key of the advisory lock that serialises concurrent migrations; any constant."""
LOCK_TIMEOUT_MS = 4000
"""How long a migration, and so everybody behind it, waits for a table."""
TURN_TIMEOUT_S = 60.0
"""How long a migration waits for another one to end."""
_POLL_S: Final = 0.2


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 -- see above

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def upgrade_schema(engine: Engine) -> bool:
    """Upgrade the schema to the newest revision. Does nothing if it is current; returns whether it is now.

    It is not if a newer version has migrated it and it still serves this one; then it is left alone. Raises
    RequestRefusedError, which says who holds what, if a lock can't be had in time. The revision that waited
    for it has then changed nothing, and the upgrade can be repeated.
    """
    newest = newest_revision()
    _move(engine, newest, lambda there: there.serves(newest))
    return is_schema_current(engine)


def move_schema(engine: Engine, to: str) -> None:
    """Upgrade or downgrade the schema to a revision, which must be one of `list_revisions`.

    A downgrade removes what later revisions added, with its values. Raises RequestRefusedError as
    `upgrade_schema` does, and for a database of a newer version.
    """
    _move(engine, to, lambda there: there.revision == to)


def _move(engine: Engine, to: str, is_there: "Callable[[_Place], bool]") -> None:
    """Move the schema to `to`, unless `is_there` says that it need not move.

    That is asked again after waiting for another migration.
    """
    if is_there(_read_place(engine)):
        return
    from alembic import command  # noqa: PLC0415 -- see above

    config = _config()
    with _turn_to_migrate(engine), engine.connect() as connection:
        there = _read_place(engine)
        if is_there(there):
            return
        before = there.revision
        if before is not None and before > to and before not in list_revisions():
            raise RequestRefusedError(
                f"the database is at revision {before}, of a newer version of Rapport; this one knows {to} "
                "and older. Start the newer one, or go back with it: docs/upgrading.md"
            )
        move = command.upgrade if before is None or before < to else command.downgrade
        event.listen(connection, "begin", _limit_lock_waits)
        config.attributes["connection"] = connection
        with LockWatch(engine, connection) as watch:
            try:
                move(config, to)
            except OperationalError as error:
                if not isinstance(error.orig, LockNotAvailable | DeadlockDetected):
                    raise
                connection.rollback()
                now = read_revision(engine)
                done = "nothing was changed"
                if now != before:
                    done = f"revision {now} is in place, and the next one changed nothing"
                raise RequestRefusedError(
                    f"{describe_holders(watch.last_seen())}; {done}. Repeat this when it has ended"
                ) from error


def lock_for_migration(connection: Connection) -> None:
    """Wait until no other process migrates. The lock lasts until the transaction ends."""
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})


def is_schema_current(engine: Engine) -> bool:
    """Return whether the schema is at the newest revision."""
    return read_revision(engine) == newest_revision()


def find_remedy(engine: Engine) -> str | None:
    """Return what to do so that schema and version fit, or None if they do.

    They also fit if a newer version has migrated the schema, and no revision since has ended the support of
    this one (`serve_from`).
    """
    newest, there = newest_revision(), _read_place(engine)
    if there.serves(newest):
        return None
    is_newer = there.revision is not None and there.revision > newest
    return "start the newer version whose tables these are" if is_newer else "run `rapport migrate`"


def serve_from(revision: str) -> None:
    """Say in a migration that the tables serve code whose newest revision is this one, and newer code only.

    Who contracts calls it: in `upgrade` with the first revision whose code no longer uses what is removed, in
    `downgrade` with the value before.
    """
    from alembic import op  # noqa: PLC0415 -- see above

    op.execute(text("update alembic_version set serves_from = :revision").bindparams(revision=revision))


def list_revisions() -> Sequence[str]:
    """Return the numbers of all revisions, with which their files' names begin, in their order."""
    return sorted(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def newest_revision() -> str:
    """Return the revision of this version's schema."""
    return list_revisions()[-1]


def read_revision(engine: Engine) -> str | None:
    """Return the schema's revision, or None for an empty database."""
    return _read_place(engine).revision


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a schema is: its revision, and the oldest one whose code it serves (None: only its own)."""

    revision: str | None
    serves_from: str | None = None

    def serves(self, newest: str) -> bool:
        """Return whether code whose newest revision this is works with the schema."""
        if self.revision is None or self.revision < newest:
            return False
        return self.revision == newest or (self.serves_from is not None and self.serves_from <= newest)


def _read_place(engine: Engine) -> _Place:
    """Read where the schema is. Revisions before the column `serves_from` served their own code only."""
    found = text("select version_num, to_jsonb(v) ->> 'serves_from' from alembic_version v")
    with engine.connect() as connection:
        if not connection.scalar(text("select to_regclass('alembic_version') is not null")):
            return _Place(None)
        row = connection.execute(found).one_or_none()
        return _Place(*row) if row is not None else _Place(None)


@contextmanager
def _turn_to_migrate(engine: Engine) -> Iterator[None]:
    """Hold the advisory lock in a transaction of its own, so that it outlasts those of the revisions.

    It is polled for: a session that waits inside a statement would stop `create index concurrently`, which
    waits for the snapshots of all others.
    """
    deadline = monotonic_seconds() + TURN_TIMEOUT_S
    with engine.connect() as connection:
        while not connection.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK}):
            connection.rollback()
            if monotonic_seconds() > deadline:
                raise RequestRefusedError(
                    "another process migrates this database, and has not ended; nothing was changed. Repeat "
                    "this when it has ended"
                )
            time.sleep(_POLL_S)
        connection.execute(text("set local idle_in_transaction_session_timeout = 0"))
        yield


def _limit_lock_waits(connection: Connection) -> None:
    """Set the limit in the transaction that begins. Its start is no place to begin another one."""
    cursor = connection.connection.cursor()
    cursor.execute(f"set local lock_timeout = {LOCK_TIMEOUT_MS}")
    cursor.close()
