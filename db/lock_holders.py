"""Find out who holds the lock that a connection waits for."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread
from typing import Final, Self

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

_POLL_S: Final = 0.2
_LONGEST_QUERY: Final = 60
_HOLDERS: Final = text("""
    select coalesce(l.relation::regclass::text, 'the database'), a.pid, a.xact_start, a.application_name,
           a.state, a.query
    from pg_locks l
    cross join lateral unnest(pg_blocking_pids(l.pid)) as blocking (pid)
    join pg_stat_activity a on a.pid = blocking.pid
    where l.pid = :pid and not l.granted
    order by a.xact_start nulls last, a.pid
""")


@dataclass(frozen=True, slots=True)
class LockHolder:
    """A session that holds `what`. Of other users' sessions Postgres may tell no more than the pid."""

    what: str
    pid: int
    since: datetime | None
    application: str | None
    state: str | None
    query: str | None


class LockWatch:
    """Remembers, while its block runs, who blocks a connection: afterwards Postgres can't tell."""

    def __init__(self, engine: Engine, connection: Connection) -> None:
        self._engine = engine
        self._pid = connection.scalar(text("select pg_backend_pid()"))
        connection.rollback()
        self._seen: Sequence[LockHolder] = ()
        self._ended = Event()
        self._thread = Thread(target=self._watch, name="lock watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def last_seen(self) -> Sequence[LockHolder]:
        """Return the sessions that were last seen blocking, the oldest transaction first."""
        return self._seen

    def _watch(self) -> None:
        # Each look is a transaction of its own: a concurrent index waits for the snapshots of the others.
        with (
            suppress(OperationalError),  # the migration itself reports a lost Postgres
            self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            while not self._ended.wait(_POLL_S):
                found = [LockHolder(*row) for row in connection.execute(_HOLDERS, {"pid": self._pid})]
                self._seen = found or self._seen


def describe_holders(holders: Sequence[LockHolder]) -> str:
    """Return who holds what, as a person needs it to end or to wait for the session."""
    if not holders:
        return "somebody holds a table that this changes"
    first = holders[0]
    more = f" (and {len(holders) - 1} more)" if len(holders) > 1 else ""
    since = f"since {first.since:%d %b %H:%M:%S} UTC" if first.since else ""
    application = f"application {first.application!r}" if first.application else ""
    query = " ".join((first.query or "").split())
    shown = query[:_LONGEST_QUERY] + ("…" if len(query) > _LONGEST_QUERY else "")
    facts = (
        f"pid {first.pid}",
        since,
        application,
        first.state or "",
        f"last statement: {shown}" if shown else "",
    )
    return f"somebody holds {first.what}: {', '.join(fact for fact in facts if fact)}{more}"
