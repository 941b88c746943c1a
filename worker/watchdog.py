"""Watches a worker's consuming from a thread of its main process, and restarts the worker when it is frozen.

A worker whose event loop runs answers pings, whether it takes messages or not. One that leaves messages
waiting for 30 s, though no task keeps it busy, says so and starts anew as the same process: its supervisor
need not notice.
"""

import os
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
from worker.consumer_probe import ConsumerProbe, ConsumerSnapshot
from worker.errors import TryAgainError
from worker.queues import Backlog
from worker.settings import get_settings

log = logs.get_logger(__name__)

BEAT_S = 5.0
PATIENCE = 6
"""A worker that took nothing of what waits on so many beats in a row is frozen: 30 s of its own running."""
GRACE_S = 10.0
"""How long a frozen worker may take to end by itself. Its pool is idle, so a second is enough if it can."""
APART_S = 60.0
"""A process younger than this does not restart itself, so restarts are never closer together."""
RECONNECT_S = 60.0
"""No worker is frozen so soon after Redis was away: Celery waits up to 32 s before it connects again."""
_POLL_S = 0.2
_SHOWN = 100
"""Characters of a foreign message's ids that are logged."""


@dataclass(slots=True)
class FreezeDetector:
    """Counts the beats on which a queue had messages and a worker that is not busy did not ask for them."""

    _beats: dict[str, int] = field(default_factory=dict)
    _asked_at: float | None = None

    def frozen(self, seen: ConsumerSnapshot, waiting: Mapping[str, Backlog]) -> list[str]:
        """Count one more beat; return those of our queues that were left waiting for too many."""
        if seen.busy_since is not None:
            return []
        asks = seen.asked_at != self._asked_at
        self._asked_at = seen.asked_at
        self._beats = {
            queue: self._beats.get(queue, 0) + 1
            for queue in seen.wanted
            if queue in waiting and waiting[queue].count and not (asks and queue in seen.consumed)
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
        self._name = worker.hostname
        self._consuming = ConsumerProbe(worker)
        self._born = clock.monotonic_seconds()
        self._patience = FreezeDetector()
        self._patient_until = 0.0
        self._stopped = Event()
        self._restarting = False
        self._told_to_end = False
        self._thread = Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self, worker: Any) -> None:  # noqa: ANN401 -- Celery's signature
        """Start the thread that watches."""
        signals.worker_shutting_down.connect(self._on_signal, weak=False)
        signals.worker_shutdown.connect(self._on_end, weak=False)
        self._thread.start()

    def stop(self, worker: Any) -> None:  # noqa: ANN401 -- Celery's signature
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
        with queues.connect(get_settings().redis) as client:
            recorded = False
            while not (self._stopped.wait(BEAT_S if recorded else _POLL_S) or self._told_to_end):
                seen = self._consuming.see()
                recorded = recorded or bool(seen.consumed)
                if recorded and (frozen := self._beat(client, seen)):
                    self._restart(frozen, self._drop_held(client))
                    return
            with suppress(TryAgainError):
                queues.remove_consumer(client, self._name)

    def _beat(self, client: redis.Redis, seen: ConsumerSnapshot) -> dict[str, Backlog]:
        """Record what was seen; return the queues for whose sake the worker is to be restarted."""
        now = clock.monotonic_seconds()
        try:
            look = queues.record_consumer(
                client,
                self._name,
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
        """Drop the messages that the frozen worker took and did not acknowledge, and return them.

        Its pool is idle, so one of them froze it, and would again. Postgres knows what else they were for.
        """
        held = self._consuming.held()
        with suppress(TryAgainError):
            queues.drop_unacknowledged(client, held)
        return list(held.values())

    def _restart(self, frozen: Mapping[str, Backlog], dropped: Collection[Any]) -> None:
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
            if clock.monotonic_seconds() > until and self._consuming.busy_since() is None:
                self._consuming.kill_children()
                _become_again()


def _say(frozen: Mapping[str, Backlog], dropped: Collection[Any]) -> None:
    for queue, waiting in frozen.items():
        since = clock.now() - timedelta(seconds=PATIENCE * BEAT_S)
        log.error("worker_not_consuming", queue=queue, waiting=waiting.count, since=since.isoformat())
        metrics.FREEZES.labels(queue).inc()
    for message in dropped:
        task, task_id = (str((message.headers or {}).get(name))[:_SHOWN] for name in ("task", "id"))
        log.error("message_dropped", why="its worker took it and froze", task=task, task_id=task_id)


def _become_again() -> None:
    """Replace this process by what it was started as, under the same process id."""
    try:
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 -- no shell is the point
    except OSError:
        os._exit(os.EX_OSERR)  # whoever supervises the worker starts it again
