"""The state in Postgres and Redis for a scrape of /metrics.

A gauge that a worker had set would keep its last value after midnight, after a sign-in and after an account's
removal.
"""

from collections.abc import Iterator, Sequence

from prometheus_client.metrics_core import Metric
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.metrics import accounts, notices, open_actions, quota, totals, upkeep
from worker import queues
from worker.errors import TryAgainError
from worker.metrics import state
from worker.settings import Settings


def read_state(database: Database, *, by_account: bool = False) -> Sequence[Metric]:
    """Return what Postgres knows, in one snapshot; if it doesn't answer, only that: absent, not stale.

    `by_account`: with the account as a label where a window of the quota is shown.
    """
    try:
        with database.snapshot() as session:
            return [state.POSTGRES_UP.build([((), 1)]), *_read(session, by_account=by_account)]
    except (OperationalError, PoolTimeoutError, ProgrammingError):
        return [state.POSTGRES_UP.build([((), 0)])]


def _read(session: Session, *, by_account: bool) -> Iterator[Metric]:
    yield from totals.read(session)
    yield from open_actions.read(session)
    yield from accounts.read(session)
    yield from quota.read(session, by_account=by_account)
    yield from upkeep.read(session)
    yield from notices.read(session)


def read_queues(settings: Settings) -> Iterator[Metric]:
    """Yield what Redis knows: queues and their workers; if it doesn't answer, only that."""
    try:
        snapshot = queues.take_snapshot_at(settings.redis)
    except TryAgainError:
        yield state.REDIS_UP.build([((), 0)])
        yield state.QUOTA_FALLBACK.build([((), 1)])
        return
    yield state.REDIS_UP.build([((), 1)])
    yield state.QUOTA_FALLBACK.build([((), 0)])
    yield state.WORKERS_ALIVE.build([((), len(snapshot.consumers))])
    yield state.QUEUE_LENGTH.build(((queue,), each.count) for queue, each in snapshot.waiting.items())
    yield state.QUEUE_OLDEST.build(((queue,), each.oldest_s) for queue, each in snapshot.waiting.items())
    yield state.QUEUE_CONSUMERS.build(
        ((queue,), len(snapshot.consumers_of(queue))) for queue in snapshot.waiting
    )
