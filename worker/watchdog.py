"""Watches a worker's consuming from a thread of its main process, and restarts the worker when it is frozen.

A worker whose event loop runs answers pings, whether it takes messages or not. One that leaves messages
waiting for 30 s, though no task keeps it busy, says so and starts anew as the same process: its supervisor
need not notice.
"""

import os
import signal
import sys
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import redis
from celery import bootsteps, signals
from celery.worker import state

from worker import clock, logs, metrics, queues
from worker.errors import TryAgainError
from worker.queues import Waiting
from worker.settings import get_settings

log = logs.logger(__name__)

BEAT_S = 5.0
PATIENCE = 6
"""Beats in a row without taking a message that waits, after which a worker is frozen: 30 s of its own running."""
GRACE_S = 10.0
"""How long a frozen worker may take to end by itself. Its pool is idle, so a second is enough if it can."""
APART_S = 60.0
"""A process younger than this does not restart itself, so restarts are never closer together."""
RECONNECT_S = 60.0
"""No worker is frozen so soon after Redis was away: Celery waits up to 32 s before it connects again."""
OVERDUE_S = 60.0
"""A task so long beyond its time limit is over: Celery should have killed its child."""
_POLL_S = 0.2
_SHOWN = 100
"""Characters of a foreign message's ids that are logged."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A worker's consuming at one moment, by the monotonic clock.

    `wanted` are the queues that it was told to consume, without those that a person has cancelled; `consumed`
    those that it does consume. At `asked_at` it last asked for a message.
    """

    wanted: Collection[str] = ()
    consumed: Collection[str] = ()
    asked_at: float | None = None
    busy_since: float | None = None


@dataclass(slots=True)
class Patience:
    """Counts the beats on which a queue had messages and the worker, though not busy, did not ask for them."""

    _beats: dict[str, int] = field(default_factory=dict)
    _asked_at: float | None = None

    def frozen(self, seen: Seen, waiting: Mapping[str, Waiting]) -> list[str]:
        """Count one more beat; return the queues that were left waiting for too many."""
        if seen.busy_since is not None:
            return []
        asks = seen.asked_at != self._asked_at
        self._asked_at = seen.asked_at
        self._beats = {
            queue: self._beats.get(queue, 0) + 1
            for queue in seen.wanted
            if waiting[queue].count and not (asks and queue in seen.consumed)
        }
        return [queue for queue, beats in self._beats.items() if beats >= PATIENCE]

    def reset(self) -> None:
        """Begin to count anew."""
        self._beats.clear()


class Watchdog(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery ships no types
    """Records the worker's consuming while it consumes, and restarts the worker when it is frozen.

    Never while a child carries out a task, and not because Redis is away. A queue that a person cancelled by
    remote control is left alone: /ready and the health checks say that nobody takes its messages.
    """

    requires = ("celery.worker.components:Pool",)  # started after its first fork, stopped before it is

    def __init__(self, worker: Any, **options: object) -> None:  # noqa: ANN401 -- Celery's signature
        super().__init__(worker, **options)
        self._worker = worker
        self._born = clock.monotonic_seconds()
        self._jobs: dict[int, float] = {}
        self._patience = Patience()
        self._patient_until = 0.0
        self._stopped = Event()
        self._restarting = False
        self._told_to_end = False
        self._thread = Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self, worker: Any) -> None:  # noqa: ANN401, ARG002 -- Celery's signature
        """Start to watch."""
        signals.worker_shutting_down.connect(self._on_signal, weak=False)
        signals.worker_shutdown.connect(self._on_end, weak=False)
        self._thread.start()

    def stop(self, worker: Any) -> None:  # noqa: ANN401, ARG002 -- Celery's signature
        """Stop watching, and take the record out: the worker consumes nothing any more."""
        self._stopped.set()
        if not self._restarting:
            self._thread.join(timeout=5)

    terminate = stop

    def _on_signal(self, **_: object) -> None:
        """A signal asks this worker to end. It may come at any line, so no lock is taken here."""
        self._told_to_end = True

    def _on_end(self, **_: object) -> None:
        """The worker has ended; if that was to restart it, become it again."""
        if self._restarting and not self._told_to_end:
            _become_again()

    def _watch(self) -> None:
        with queues.connect(get_settings().redis_url.get_secret_value()) as client:
            recorded = False
            while not (self._stopped.wait(BEAT_S if recorded else _POLL_S) or self._told_to_end):
                seen = self._see()
                recorded = recorded or bool(seen.consumed)
                if recorded and (frozen := self._beat(client, seen)):
                    self._restart(frozen, self._drop_held(client))
                    return
            with suppress(TryAgainError):
                queues.forget(client, self._worker.hostname)

    def _see(self) -> Seen:
        wanted = tuple(self._worker.app.amqp.queues.consume_from)
        tasks = getattr(getattr(self._worker, "consumer", None), "task_consumer", None)
        if tasks is None:  # it connects, or ends
            return Seen(wanted, busy_since=self._busy_since())
        channel = tasks.channel
        return Seen(wanted, channel.active_queues, channel._brpop_sent_at, self._busy_since())

    def _busy_since(self) -> float | None:
        """Return when the oldest task in the pool's hands was first seen there; what is overdue is left out."""
        now = clock.monotonic_seconds()
        pool = getattr(self._worker.pool, "_pool", None)
        jobs = {key: job for key, job in dict(pool._cache if pool else {}).items() if not job.ready()}
        self._jobs = {key: self._jobs.get(key, now) for key in jobs}
        busy = [
            since
            for key, since in self._jobs.items()
            if not jobs[key]._timeout or now - since < jobs[key]._timeout + OVERDUE_S
        ]
        return min(busy, default=None)

    def _beat(self, client: redis.Redis, seen: Seen) -> dict[str, Waiting]:
        """Record what was seen; return the queues for whose sake the worker is to be restarted."""
        now = clock.monotonic_seconds()
        try:
            look = queues.note(
                client,
                self._worker.hostname,
                seen.consumed,
                asked_s=None if seen.asked_at is None else now - seen.asked_at,
                busy_s=None if seen.busy_since is None else now - seen.busy_since,
            )
        except TryAgainError:
            self._patient_until = now + RECONNECT_S
            self._patience.reset()
            return {}
        frozen = self._patience.frozen(seen, look.waiting)
        if now < max(self._patient_until, self._born + APART_S):
            return {}
        return {queue: look.waiting[queue] for queue in frozen}

    def _drop_held(self, client: redis.Redis) -> list[Any]:
        """Drop the messages that the frozen worker took and never handed on, and return them.

        Given back, they would freeze it again: a freeze that was seen comes from such a message. One that only
        waits for its time (ETA) is given back as ever.
        """
        tasks = self._worker.consumer.task_consumer
        if tasks is None:
            return []
        qos = tasks.channel.qos
        later = {request.message.delivery_tag for request in dict(state.requests).values() if request.eta}
        held = {tag: message for tag, message in dict(qos._delivered).items() if tag not in later}
        if held:
            with suppress(TryAgainError):
                queues.drop_unacknowledged(client, held, index=qos.unacked_index_key, messages=qos.unacked_key)
        return list(held.values())

    def _restart(self, frozen: Mapping[str, Waiting], dropped: Collection[Any]) -> None:
        """Let Celery end the worker warmly; should it not get there, end it. Then become it again."""
        # A main thread that is stuck may hold the log's lock.
        saying = Thread(target=_say, args=(frozen, dropped), daemon=True)
        saying.start()
        saying.join(timeout=GRACE_S / 2)
        self._restarting = True
        state.should_stop = os.EX_OK  # as Celery's own handler of SIGTERM does
        until = clock.monotonic_seconds() + GRACE_S
        while not self._told_to_end:
            time.sleep(_POLL_S)
            if clock.monotonic_seconds() > until and self._busy_since() is None:
                _end([child.pid for child in tuple(self._worker.pool._pool._pool)])
                _become_again()


def _say(frozen: Mapping[str, Waiting], dropped: Collection[Any]) -> None:
    for queue, waiting in frozen.items():
        since = clock.now() - timedelta(seconds=PATIENCE * BEAT_S)
        log.error("worker_not_consuming", queue=queue, waiting=waiting.count, since=since.isoformat())
        metrics.FREEZES.labels(queue).inc()
    for message in dropped:
        told = {name: str((message.headers or {}).get(name))[:_SHOWN] for name in ("task", "id")}
        log.error("message_dropped", why="its worker took it and froze", task_id=told["id"], task=told["task"])


def _end(children: Collection[int]) -> None:
    """Kill idle children, and reap them: the program that comes next does not know them."""
    for pid in children:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _become_again() -> None:
    """Replace this process by what it was started as, under the same process id."""
    try:
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 -- no shell is the point
    except OSError:
        os._exit(os.EX_OSERR)  # whoever supervises the worker starts it again
