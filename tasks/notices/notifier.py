"""The notifier: a process that finds what people should be told, and tells them.

It uses no Celery, so that it can also tell that nobody consumes its queues. Two at once are harmless: each
message is claimed by one of them.
"""

import os
import signal
import threading
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final
from uuid import UUID

from db.engine import Database
from db.store.notices import deliveries
from tasks.notices.sending import POSTGRES_AWAY, Sender, name_place
from tasks.notices.watch import Watcher
from worker import logs
from worker.clock import monotonic_seconds
from worker.failpoint import trigger_failpoint
from worker.metrics import living
from worker.rules.wording.hints import PROGRAM
from worker.secrets import open_notice_vault
from worker.settings import Settings

log = logs.get_logger(__name__)

_MOST_AT_ONCE: Final = 4
"""Messages, each to another target: one that hangs doesn't hold up the others."""
_WAKES_S: Final = 1.0
"""The health check sees that the process wakes up."""
_FIRST_WAIT_S: Final = 1.0
_LAST_WAIT_S: Final = 30.0
_FORCED_EXIT_S: Final = 7.5
"""After the process was told to stop. Longer than the sending child's grace, shorter than a supervisor's."""


class Notifier:
    """The loop: note what happened, then send what is due, until `stopping` is set."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        *,
        every_s: float,
        stopping: threading.Event,
        watches: Collection[Callable[[], object]] = (),
    ) -> None:
        self._database, self._sender = database, sender
        self._every_s, self._stopping, self._watches = every_s, stopping, watches
        self._pool = ThreadPoolExecutor(_MOST_AT_ONCE, "notices")
        self._running: dict[UUID, Future[bool]] = {}

    def run(self) -> None:
        """Run until the process is told to stop. Waits for Postgres if it is away."""
        pause_s = _FIRST_WAIT_S
        try:
            while not self._stopping.is_set():
                try:
                    self._look()
                    self._rest()
                except POSTGRES_AWAY as error:
                    if pause_s == _FIRST_WAIT_S:
                        log.warning("notifier_waits_for_postgres", error=type(error).__name__)
                    self._sleep(pause_s)
                    pause_s = min(2 * pause_s, _LAST_WAIT_S)
                else:
                    if pause_s != _FIRST_WAIT_S:
                        log.info("notifier_goes_on")
                    pause_s = _FIRST_WAIT_S
        finally:
            self._pool.shutdown(wait=True)

    def _look(self) -> None:
        """Note new conditions, make deliveries, and start to send to every target for which some wait."""
        slow = [error for watch in self._watches if (error := self._watch(watch)) is not None]
        with self._database.transaction() as session:
            deliveries.dispatch_events(session)
            targets = deliveries.list_waiting_targets(session)
        for error in slow:  # Postgres is not away
            log.warning("notifier_step_failed", error=type(error).__name__)
        for target_id in targets:
            if target_id not in self._running:
                self._running[target_id] = self._pool.submit(self._deliver, target_id)

    def _rest(self) -> None:
        """Sleep until the next look. If a message was sent, look at once: more may wait for this target."""
        until = monotonic_seconds() + self._every_s
        while not self._stopping.is_set() and (left := until - monotonic_seconds()) > 0:
            if not self._running:
                self._stopping.wait(min(left, _WAKES_S))
                continue
            done, _ = wait(self._running.values(), min(left, _WAKES_S), FIRST_COMPLETED)
            self._running = {key: each for key, each in self._running.items() if each not in done}
            results = [each.result() for each in done]
            if any(results):
                return

    def _deliver(self, target_id: UUID) -> bool:
        """Send the next message to a target; return whether one was sent. Raises only errors of Postgres."""
        try:
            return self._send_next(target_id)
        except POSTGRES_AWAY:
            raise
        except Exception as error:  # noqa: BLE001 -- the outermost boundary: others are told all the same
            log.error(  # noqa: TRY400 -- the error's text may name people
                "notice_failed", target_id=str(target_id), error=type(error).__name__, where=name_place(error)
            )
            return False

    def _send_next(self, target_id: UUID) -> bool:
        with self._database.transaction() as session:
            claim = deliveries.claim_message(session, target_id)
        if claim is None:
            return False
        sent = self._sender.send(claim)
        trigger_failpoint("after_notice_record")
        said = log.bind(
            target=claim.target,
            message_id=str(claim.id),
            kinds=sorted({str(event.kind) for event in claim.events}),
            events=len(claim.events),
            attempts=claim.attempts,
            maybe_twice=claim.maybe_twice,
        )
        if sent.failure is None:
            said.info("notice_sent" if sent.is_recorded else "notice_sent_after_its_lease")
        else:
            said.warning("notice_not_sent", failure=str(sent.failure), is_retried=sent.is_retried)
        return sent.failure is None

    def _sleep(self, seconds: float) -> None:
        until = monotonic_seconds() + seconds
        while not self._stopping.is_set() and (left := until - monotonic_seconds()) > 0:
            self._stopping.wait(min(left, _WAKES_S))

    def _watch(self, step: Callable[[], object]) -> Exception | None:
        """Run a step. Return the error if Postgres didn't answer it, which may have been too much for it."""
        try:
            step()
        except POSTGRES_AWAY as error:
            return error
        except Exception as error:  # noqa: BLE001 -- the outermost boundary: what is due is sent all the same
            log.error(  # noqa: TRY400 -- the error's text may name people
                "notifier_step_failed", error=type(error).__name__, where=name_place(error)
            )
        return None


def run_notifier(settings: Settings, *, program: str = PROGRAM) -> None:
    """Run the notifier until SIGTERM or SIGINT. `program` is what a person types to start Rapport here."""
    logs.configure(settings)
    living.name_service("notifier")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _stop(stopping))
    database = Database(
        settings.required("database_url").get_secret_value(), application_name="rapport notifier"
    )
    vault = open_notice_vault(settings.required("notice_keys"))
    sender = Sender(
        database,
        vault,
        evidence_dir=settings.evidence_dir,
        stopping=stopping,
        program=program,
        public_url=settings.public_url,
    )
    log.info("notifier_started", every_s=settings.notify_every.total_seconds())
    every_s = settings.notify_every.total_seconds()
    watches = (living.measure_memory, *Watcher(database, settings).steps)
    Notifier(database, sender, every_s=every_s, stopping=stopping, watches=watches).run()
    database.close()
    log.info("notifier_stopped")


def _stop(stopping: threading.Event) -> None:
    if not stopping.is_set():
        # First, because `set` waits for ever if the signal comes while a wait holds the event's lock; and a
        # thread that waits for a server can't be stopped.
        end = threading.Timer(_FORCED_EXIT_S, os._exit, [1])
        end.daemon = True
        end.start()
        stopping.set()
