"""Restart a worker that has stopped taking messages. A thread of its main process watches its consumer.

A worker whose event loop runs answers pings, even if it takes no messages. An idle worker that leaves
messages waiting for 30 s is frozen: it logs an error and re-executes itself under the same process id, so
that its supervisor needn't notice.
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
from worker.celery_extensions.consumer_probe import ConsumerProbe, ConsumerSnapshot
from worker.errors import TryAgainError
from worker.metrics.living import measure_memory
from worker.queues import Backlog, Load
from worker.rules.wire.correlation import CORRELATION_HEADER, valid_correlation_id
from worker.settings import get_settings

log = logs.get_logger(__name__)

BEAT_S = 5.0
BEATS_UNTIL_FROZEN = 6
"""Consecutive beats without taking a waiting message: 30 s of the worker's running time."""
GRACE_S = 10.0
"""How long a frozen worker may take to shut down. Its pool is idle, so an orderly shutdown takes a second."""
MIN_UPTIME_S = 60.0
"""A younger process doesn't restart itself. So this is also the shortest time between two restarts."""
RECONNECT_S = 60.0
"""No restart for this long after Redis was unreachable: Celery waits up to 32 s before it reconnects."""
_POLL_S = 0.2
_MAX_LOGGED = 100
"""Characters of a message's header that are logged."""


@dataclass(slots=True)
class FreezeDetector:
    """Counts the beats on which a queue has messages and an idle worker doesn't ask for them."""

    _beats: dict[str, int] = field(default_factory=dict)
    _asked_at: float | None = None

    def find_frozen_queues(self, seen: ConsumerSnapshot, waiting: Mapping[str, Backlog]) -> list[str]:
        """Count one beat. Return the queues whose messages were left waiting on too many beats in a row."""
        if seen.busy_since is not None:
            return []
        asks = seen.asked_at != self._asked_at
        self._asked_at = seen.asked_at
        self._beats = {
            queue: self._beats.get(queue, 0) + 1
            for queue in seen.wanted
            if queue in waiting and waiting[queue].count and not (asks and queue in seen.consumed)
        }
        return [queue for queue, beats in self._beats.items() if beats >= BEATS_UNTIL_FROZEN]

    def reset(self) -> None:
        """Start counting again."""
        self._beats.clear()


class Watchdog(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery ships no types
    """Records the state of the worker's consumer, and restarts the worker when it is frozen.

    It never restarts while a child runs a task or because Redis is unreachable. It ignores queues that a
    person cancelled by remote control: /ready and the health checks report these as not consumed.
    """

    requires = ("celery.worker.components:Pool",)  # started after its first fork, stopped before it is

    def __init__(self, worker: Any, **options: object) -> None:  # noqa: ANN401 -- Celery's signature
        super().__init__(worker, **options)
        self._name = worker.hostname
        self._probe = ConsumerProbe(worker)
        self._started_at = clock.monotonic_seconds()
        self._detector = FreezeDetector()
        self._no_restart_before = 0.0
        self._stopped = Event()
        self._restarting = False
        self._is_shutting_down = False
        self._thread = Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self, worker: Any) -> None:  # noqa: ANN401 -- Celery's signature
        """Start the watching thread."""
        signals.worker_shutting_down.connect(self._on_signal, weak=False)
        signals.worker_shutdown.connect(self._on_end, weak=False)
        self._thread.start()

    def stop(self, worker: Any) -> None:  # noqa: ANN401 -- Celery's signature
        """Stop watching, and delete the record: the worker no longer consumes."""
        self._stopped.set()
        if not self._restarting:
            self._thread.join(timeout=5)

    terminate = stop

    def _on_signal(self, **_: object) -> None:
        """Note that a signal asks the worker to end. It may arrive at any line, so this takes no lock."""
        self._is_shutting_down = True

    def _on_end(self, **_: object) -> None:
        """Execute the program again after the worker has ended, if that was for a restart."""
        if self._restarting and not self._is_shutting_down:
            _reexec()

    def _watch(self) -> None:
        with queues.connect(get_settings().redis) as client:
            recorded = False
            while not (self._stopped.wait(BEAT_S if recorded else _POLL_S) or self._is_shutting_down):
                seen = self._probe.take_snapshot()
                # A record from just before its first request would say that it takes no messages.
                late = clock.monotonic_seconds() - self._started_at > BEAT_S
                recorded = recorded or (bool(seen.consumed) and (seen.asked_at is not None or late))
                if recorded and (frozen := self._beat(client, seen, self._read_load())):
                    # without a pool it is not a message that is to blame: it is delivered again
                    dropped = self._drop_unacknowledged(client) if seen.has_pool else []
                    self._restart(frozen, dropped)
                    return
            with suppress(TryAgainError):
                queues.remove_consumer(client, self._name)

    def _beat(
        self, client: redis.Redis, seen: ConsumerSnapshot, load: Load | None = None
    ) -> dict[str, Backlog]:
        """Record the snapshot. Return the frozen queues if the worker has to be restarted."""
        now = clock.monotonic_seconds()
        try:
            snapshot = queues.record_consumer(
                client,
                self._name,
                seen.consumed,
                asked_s=None if seen.asked_at is None else now - seen.asked_at,
                busy_s=None if seen.busy_since is None else now - seen.busy_since,
                load=load,
            )
        except TryAgainError:
            self._no_restart_before = now + RECONNECT_S
            self._detector.reset()
            return {}
        frozen = self._detector.find_frozen_queues(seen, snapshot.waiting)
        if now < max(self._no_restart_before, self._started_at + MIN_UPTIME_S):
            return {}
        return {queue: snapshot.waiting[queue] for queue in frozen}

    def _read_load(self) -> Load:
        """Return what the worker's processes do, and measure their memory for the metrics."""
        memory = measure_memory()
        children, running = self._probe.count_children()
        return Load(
            up_s=clock.monotonic_seconds() - self._started_at,
            children=children,
            running=running,
            memory_bytes=memory.own + memory.browsers if memory else None,
        )

    def _drop_unacknowledged(self, client: redis.Redis) -> list[Any]:
        """Delete the frozen worker's unacknowledged messages, and return them.

        The pool is idle, so one of them froze the worker and would do so again. The work of the others is in
        Postgres, and is dispatched again.
        """
        unacknowledged = self._probe.held()
        with suppress(TryAgainError):
            queues.drop_unacknowledged(client, unacknowledged)
        return list(unacknowledged.values())

    def _restart(self, frozen: Mapping[str, Backlog], dropped: Collection[Any]) -> None:
        """Let Celery shut the worker down, or kill it after the grace period. Then execute it again."""
        # In a thread, because a stuck main thread may hold the lock of the log.
        logging = Thread(target=_log_freeze, args=(frozen, dropped), daemon=True)
        logging.start()
        logging.join(timeout=GRACE_S / 2)
        self._restarting = True
        state.should_stop = os.EX_OK  # as Celery's SIGTERM handler does
        until = clock.monotonic_seconds() + GRACE_S
        while not self._is_shutting_down:
            time.sleep(_POLL_S)
            if clock.monotonic_seconds() > until and self._probe.busy_since() is None:
                self._probe.kill_children()
                _reexec()


def _log_freeze(frozen: Mapping[str, Backlog], dropped: Collection[Any]) -> None:
    for queue, waiting in frozen.items():
        since = clock.now() - timedelta(seconds=BEATS_UNTIL_FROZEN * BEAT_S)
        log.error("worker_not_consuming", queue=queue, waiting=waiting.count, since=since.isoformat())
        metrics.FREEZES.labels(queue).inc()
    for message in dropped:
        headers = message.headers or {}
        task, task_id = (str(headers.get(name))[:_MAX_LOGGED] for name in ("task", "id"))
        correlation_id = valid_correlation_id(headers.get(CORRELATION_HEADER)) or ""
        with logs.bound(correlation_id=correlation_id):
            log.error("message_dropped", why="its worker took it and froze", task=task, task_id=task_id)


def _reexec() -> None:
    """Replace this process by a new run of its program, under the same process id."""
    try:
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 -- no shell is the point
    except OSError:
        os._exit(os.EX_OSERR)  # the supervisor starts the worker again
