"""Write refused messages to Postgres, in a thread, so that the worker's event loop never waits."""

import os
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import timedelta
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from db.engine import Database, RowRefusedError
from db.store import refused_messages
from worker import logs
from worker.rules.wire.refusals import RefusedMessage

log = logs.get_logger(__name__)

_QUEUE_SIZE: Final = 5_000
_BATCH: Final = 500
_STATEMENT_MS: Final = 5_000
_FORK_WAIT_S: Final = 1.0


class RefusedMessageWriter:
    """Writes refused messages to Postgres; `put` never blocks and never raises.

    It lives in a worker's main process, which forks. So its thread starts with the first message, each batch
    has a connection of its own, and a fork waits a moment until no connection is open.
    """

    def __init__(self, database_url: str, *, again_after: timedelta = timedelta(seconds=10)) -> None:
        self._database_url = database_url
        self._again_after = again_after
        self._waiting: Queue[RefusedMessage | None] = Queue(_QUEUE_SIZE)
        self._ending = Event()
        self._connected = Lock()
        self._thread: Thread | None = None
        self._held = False

    def put(self, message: RefusedMessage) -> None:
        """Queue one message. If too many wait for Postgres it is dropped; it was logged."""
        try:
            self._waiting.put_nowait(message)
        except Full:
            log.warning("refused_message_not_kept", sha256=message.sha256)
        if self._thread is None:
            os.register_at_fork(before=self._before_fork, after_in_parent=self._after_fork)
            self._thread = Thread(target=self._run, name="refused messages", daemon=True)
            self._thread.start()

    def close(self, patience: timedelta = timedelta(seconds=3)) -> None:
        """Write what is queued, if Postgres takes it at once, and end the thread within `patience`."""
        self._ending.set()
        if self._thread is not None:
            with suppress(Full):
                self._waiting.put_nowait(None)
            self._thread.join(patience.total_seconds())

    def _run(self) -> None:
        while not (self._ending.is_set() and self._waiting.empty()):
            batch = self._next_batch()
            while batch and not self._write(batch):
                if self._ending.wait(self._again_after.total_seconds()):
                    return

    def _next_batch(self) -> Sequence[RefusedMessage]:
        """Wait for a message, and return it with those queued behind it; empty at the end."""
        batch = [self._waiting.get()]
        with suppress(Empty):
            while len(batch) < _BATCH:
                batch.append(self._waiting.get_nowait())
        return [message for message in batch if message is not None]

    def _write(self, batch: Sequence[RefusedMessage]) -> bool:
        try:
            with self._connected, closing(self._database()) as database, database.transaction() as session:
                refused_messages.save_refused_messages(session, batch)
        except RowRefusedError as error:  # a retry would not help, and would hold up all others
            log.error("refused_messages_not_kept", count=len(batch), text=str(error))  # noqa: TRY400 -- the text says it
        except SQLAlchemyError as error:
            waiting = len(batch) + self._waiting.qsize()
            log.warning("refused_messages_wait", error=type(error).__name__, waiting=waiting)
            return False
        return True

    def _database(self) -> Database:
        return Database(
            self._database_url,
            application_name="rapport refused messages",
            statement_timeout_ms=_STATEMENT_MS,
        )

    def _before_fork(self) -> None:
        self._held = self._connected.acquire(timeout=_FORK_WAIT_S)

    def _after_fork(self) -> None:
        if self._held:
            self._connected.release()
