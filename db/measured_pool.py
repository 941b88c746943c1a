"""A connection pool that measures how long it is waited for and how many of its connections are in use."""

import select
from threading import RLock
from typing import Final
from weakref import WeakSet

import psycopg
from sqlalchemy import PoolProxiedConnection, QueuePool, event
from sqlalchemy.exc import DisconnectionError

from worker import clock, metrics
from worker.metrics.living import DB_CONNECTIONS, service_name

# Sets, because the pool also returns a connection that was never taken, if it can't open it again.
_open: Final[WeakSet[object]] = WeakSet()
_in_use: Final[WeakSet[object]] = WeakSet()
_lock = RLock()
"""The same thread may come back: the garbage collector returns connections too."""


class MeasuredPool(QueuePool):
    """SQLAlchemy's usual pool; the wait includes opening a connection."""

    def connect(self) -> PoolProxiedConnection:
        """Return a connection, and observe how long that took, also if there is none."""
        began_s = clock.monotonic_seconds()
        try:
            return super().connect()
        finally:
            metrics.DB_WAIT.labels(service_name()).observe(clock.monotonic_seconds() - began_s)


@event.listens_for(MeasuredPool, "checkout")
def _refuse_ended(connection: psycopg.Connection[object], _record: object, _proxy: object) -> None:
    """Let the pool open another connection in place of one that the server has ended. Costs no round trip.

    Something to read on an idle connection is its end, after a restart of Postgres for example, or a change
    of the server's settings, after which a new connection does no harm.
    """
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    if poller.poll(0):
        raise DisconnectionError("the server has ended the connection")


@event.listens_for(MeasuredPool, "connect")
def _opened(_connection: object, record: object) -> None:
    with _lock:
        _open.add(record)
        _show()


@event.listens_for(MeasuredPool, "checkout")
def _taken(_connection: object, record: object, _proxy: object) -> None:
    with _lock:
        _in_use.add(record)
        _show()


@event.listens_for(MeasuredPool, "checkin")
def _returned(_connection: object, record: object) -> None:
    with _lock:
        _in_use.discard(record)
        _show()


@event.listens_for(MeasuredPool, "close")
def _closed(_connection: object, record: object) -> None:
    with _lock:
        _open.discard(record)
        _in_use.discard(record)
        _show()


def _show() -> None:
    DB_CONNECTIONS.labels(service_name(), "in_use").set(len(_in_use))
    DB_CONNECTIONS.labels(service_name(), "idle").set(len(_open) - len(_in_use))
