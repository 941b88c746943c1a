"""Read what Redis and Postgres know; one that doesn't answer is None, after two seconds at most."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import redis
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.reports.operations import Operations, read_operations
from worker import queues
from worker.errors import TryAgainError
from worker.queues import Backlog, Consumer, QueueSnapshot
from worker.servers.redis_address import RedisAddress

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class QueueView:
    """A queue, its backlog, and the workers that take its messages."""

    name: str
    backlog: Backlog
    workers: list[str]


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker, and when it started, None for one that doesn't say."""

    name: str
    consumer: Consumer
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class BrokerView:
    """What Redis knows. `version` is None if its access list hides it."""

    queues: list[QueueView]
    workers: list[WorkerView]
    version: str | None


def read_broker(address: RedisAddress) -> BrokerView | None:
    """Return the queues and their workers, or None if Redis doesn't answer."""
    try:
        with queues.connect(address) as client:
            snapshot = queues.take_snapshot(client)
            version = _read_version(client)
    except TryAgainError:
        return None
    return BrokerView(
        queues=[
            QueueView(name, backlog, snapshot.consumers_of(name))
            for name, backlog in snapshot.waiting.items()
        ],
        workers=[_build_worker(snapshot, name) for name in sorted(snapshot.consumers)],
        version=version,
    )


def _build_worker(snapshot: QueueSnapshot, name: str) -> WorkerView:
    consumer = snapshot.consumers[name]
    up = consumer.load.up_s if consumer.load is not None else None
    recorded_at = datetime.fromtimestamp(consumer.at, UTC)
    return WorkerView(name, consumer, recorded_at - timedelta(seconds=up) if up is not None else None)


def _read_version(client: redis.Redis) -> str | None:
    try:
        return str(client.info("server")["redis_version"])
    except (redis.RedisError, KeyError):
        return None


def read_database(database: Database) -> Operations | None:
    """Return the state in Postgres, or None if it doesn't answer."""
    return read_snapshot(database, read_operations)


def read_snapshot(database: Database, read: Callable[[Session], Read]) -> Read | None:
    """Return what `read` finds in one snapshot, or None if Postgres doesn't answer."""
    try:
        with database.snapshot() as session:
            return read(session)
    except (OperationalError, PoolTimeoutError, ProgrammingError):
        return None
