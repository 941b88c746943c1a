"""Read the state of a Celery worker's consumer from another thread of its main process.

Celery and Kombu have no public interface for this. Nothing is changed except by `kill_children`, and none of
their locks is taken: their thread may be stuck while it holds one.
"""

import math
import os
import signal
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import psutil
from celery.worker import state

from worker import clock

OVERDUE_S: Final = 60.0
"""A task this long past its time limit counts as finished: Celery should have killed its child."""
POOL_GRACE_S: Final = 10.0
"""A pool in which no child has lasted from one look to the next for this long is dead. Celery replaces each
child that ends within seconds, also if all of them die at their start."""
_REAP_WAIT_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class ConsumerSnapshot:
    """The state of a worker's consumer at one moment. Times are of the monotonic clock, in seconds.

    `wanted` are the queues that it should consume, without cancelled ones; `consumed` those that it does.
    `asked_at` is when it last asked Redis for a message, `busy_since` when its oldest running task was first
    seen; None for never, and for idle. `has_pool` is false if no child is left that could run a task.
    """

    wanted: Collection[str] = ()
    consumed: Collection[str] = ()
    asked_at: float | None = None
    busy_since: float | None = None
    has_pool: bool = True


class ConsumerProbe:
    """Reads the consumer of one Celery worker (`celery.worker.WorkController`)."""

    def __init__(self, worker: Any) -> None:  # noqa: ANN401 -- Celery ships no types
        self._worker = worker
        self._jobs: dict[int, float] = {}
        self._children: frozenset[int] = frozenset()
        self._childless_since: float | None = None

    def take_snapshot(self) -> ConsumerSnapshot:
        """Return the current state."""
        wanted, busy_since = tuple(self._worker.app.amqp.queues.consume_from), self.busy_since()
        if self._is_pool_dead():
            return ConsumerSnapshot(wanted, has_pool=False)  # what it takes is never run
        channel = self._channel()
        if channel is None:
            return ConsumerSnapshot(wanted, busy_since=busy_since)
        return ConsumerSnapshot(wanted, channel.active_queues, channel._brpop_sent_at, busy_since)

    def busy_since(self) -> float | None:
        """Return when the oldest running task was first seen, or None if idle. Overdue tasks don't count."""
        now = clock.monotonic_seconds()
        cache = getattr(self._pool(), "_cache", {})
        jobs = {key: job for key, job in dict(cache).items() if not job.ready()}
        self._jobs = {key: self._jobs.get(key, now) for key in jobs}
        limits = {key: OVERDUE_S + (job._timeout or math.inf) for key, job in jobs.items()}
        busy = [since for key, since in self._jobs.items() if now - since < limits[key]]
        return min(busy, default=None)

    def count_children(self) -> tuple[int, int]:
        """Return how many children the pool has, and how many of them ran a task at the last snapshot."""
        children = len(tuple(getattr(self._pool(), "_pool", ())))
        return children, min(len(self._jobs), children)

    def held(self) -> dict[str, Any]:
        """Return the unacknowledged messages by delivery tag, without those that wait for their ETA."""
        channel = self._channel()
        if channel is None:
            return {}
        later = {request.message.delivery_tag for request in dict(state.requests).values() if request.eta}
        return {tag: message for tag, message in dict(channel.qos._delivered).items() if tag not in later}

    def kill_children(self) -> None:
        """Kill and reap the pool's children, which the program that replaces this one would not know."""
        pids = [child.pid for child in tuple(getattr(self._pool(), "_pool", ()))]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_REAP_WAIT_S)
        for pid in pids:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def _is_pool_dead(self) -> bool:
        children = getattr(self._pool(), "_pool", None)
        before, self._children = self._children, frozenset(_list_running(children or ()))
        if children is None or before & self._children:
            self._childless_since = None
            return False
        now = clock.monotonic_seconds()
        self._childless_since = now if self._childless_since is None else self._childless_since
        return now - self._childless_since >= POOL_GRACE_S

    def _pool(self) -> Any:  # noqa: ANN401 -- billiard ships no types
        """Return the pool of child processes, or None while it doesn't run."""
        return getattr(getattr(self._worker, "pool", None), "_pool", None)

    def _channel(self) -> Any:  # noqa: ANN401 -- Kombu ships no types
        """Return the channel of the task consumer, or None while the worker connects or ends."""
        tasks = getattr(getattr(self._worker, "consumer", None), "task_consumer", None)
        return tasks.channel if tasks is not None else None


def _list_running(children: Iterable[Any]) -> Iterator[int]:
    """Yield the process id of each child that runs. One that could not be started has none."""
    for child in tuple(children):
        pid: int | None = child.pid
        if pid is not None and _is_running(pid):
            yield pid


def _is_running(pid: int) -> bool:
    """Return whether the process runs. Asking billiard would reap it, which is for another thread to do."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
