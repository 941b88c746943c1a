"""What a worker's main process consumes at this moment, read out of Celery and Kombu from another thread.

They have no public way to ask. Nothing is changed here, and no lock of theirs is taken: their thread may be
stuck in it.
"""

import math
import os
import signal
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from celery.worker import state

from worker import clock

OVERDUE_S: Final = 60.0
"""A task so long beyond its time limit is over: Celery should have killed its child."""
_REAPED_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class ConsumerSnapshot:
    """A worker's consuming at one moment, by the monotonic clock.

    `wanted` are the queues that it is to consume, without those that a person has cancelled; `consumed` those
    that it does consume. At `asked_at` it last asked for a message.
    """

    wanted: Collection[str] = ()
    consumed: Collection[str] = ()
    asked_at: float | None = None
    busy_since: float | None = None


class ConsumerProbe:
    """The consuming of one Celery worker (`celery.worker.WorkController`)."""

    def __init__(self, worker: Any) -> None:  # noqa: ANN401 -- Celery ships no types
        self._worker = worker
        self._jobs: dict[int, float] = {}

    def see(self) -> ConsumerSnapshot:
        """Look once."""
        wanted, busy_since = tuple(self._worker.app.amqp.queues.consume_from), self.busy_since()
        channel = self._channel()
        if channel is None:
            return ConsumerSnapshot(wanted, busy_since=busy_since)
        return ConsumerSnapshot(wanted, channel.active_queues, channel._brpop_sent_at, busy_since)

    def busy_since(self) -> float | None:
        """Return when the oldest task that the pool works on was first seen; what is overdue is left out."""
        now = clock.monotonic_seconds()
        cache = getattr(self._pool(), "_cache", {})
        jobs = {key: job for key, job in dict(cache).items() if not job.ready()}
        self._jobs = {key: self._jobs.get(key, now) for key in jobs}
        limits = {key: OVERDUE_S + (job._timeout or math.inf) for key, job in jobs.items()}
        busy = [since for key, since in self._jobs.items() if now - since < limits[key]]
        return min(busy, default=None)

    def held(self) -> dict[str, Any]:
        """Return the messages that were taken and not acknowledged, by their tag.

        Left out are those that only wait for their time (ETA).
        """
        channel = self._channel()
        if channel is None:
            return {}
        later = {request.message.delivery_tag for request in dict(state.requests).values() if request.eta}
        return {tag: message for tag, message in dict(channel.qos._delivered).items() if tag not in later}

    def kill_children(self) -> None:
        """Kill the pool's children, and reap them: a program that replaces this one would not know them."""
        pids = [child.pid for child in tuple(getattr(self._pool(), "_pool", ()))]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_REAPED_S)
        for pid in pids:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def _pool(self) -> Any:  # noqa: ANN401 -- billiard ships no types
        """Return the pool of child processes, or None before it starts and when it has ended."""
        return getattr(self._worker.pool, "_pool", None)

    def _channel(self) -> Any:  # noqa: ANN401 -- Kombu ships no types
        """Return the channel that messages come in by, or None while the worker connects or ends."""
        tasks = getattr(getattr(self._worker, "consumer", None), "task_consumer", None)
        return tasks.channel if tasks is not None else None
