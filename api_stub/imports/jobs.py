"""Imports that run in the background, one at a time, so that no request waits for them.

What runs is one transaction: if this process dies, it leaves nothing, and the page of the run is gone. What
is done is in the list of imports.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from secrets import token_urlsafe
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from api_stub.imports.kept_files import KeptFile, delete_abandoned
from db.engine import Database, RowRefusedError
from worker import clock, logs
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource

KEPT_FOR: Final = timedelta(hours=1)
"""How long a file waits for a person to say that it is to be imported, and how long results are shown."""
_MOST_KEPT: Final = 8
_STATEMENT_TIMEOUT_MS: Final = 600_000
"""An import lifts it in Postgres; this bounds how long a client waits for a frozen server."""

log = logs.get_logger(__name__)


class RunState(StrEnum):
    """How far a run has come. `REFUSED` and `FAILED`: nothing was changed."""

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class RunKind(StrEnum):
    """What a run does."""

    CHECK = "check"
    IMPORT = "import"
    UNDO = "undo"


@dataclass(slots=True)
class Run:
    """One run, written by its thread and read by pages.

    `source` and `encoding` are how a person wants the file read; None: as is found. `read` and `size` are
    bytes. `result` is what its work returned, `refusal` the words if it was refused. `kept` is its file,
    if there is one.
    """

    id: str
    kind: RunKind
    account: str
    by: str
    kept: KeptFile | None
    import_id: int | None
    began_at: datetime
    source: ImportSource | None = None
    encoding: str | None = None
    state: RunState = RunState.RUNNING
    read: int = 0
    size: int = 0
    result: object = None
    refusal: str = ""
    ended_at: datetime | None = None
    thread: threading.Thread | None = field(default=None, repr=False)

    def advance(self, read: int) -> None:
        """Note how far the file was read."""
        self.read = read


Work = Callable[[Database, Run], object]


class BusyError(Exception):
    """Another run hasn't ended. `run` is it."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.id)
        self.run = run


class Runs:
    """The runs of this process. Thread-safe."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.folder = folder
        self._database_url = database_url
        self._lock = threading.Lock()
        self._runs: dict[str, Run] = {}
        if deleted := delete_abandoned(folder):
            log.info("abandoned_uploads_deleted", count=deleted)

    def start(
        self,
        work: Work,
        *,
        kind: RunKind,
        account: str,
        by: str,
        kept: KeptFile | None = None,
        import_id: int | None = None,
        source: ImportSource | None = None,
        encoding: str | None = None,
    ) -> Run:
        """Start `work` in a thread. Raises BusyError while another run hasn't ended."""
        run = Run(token_urlsafe(16), kind, account, by, kept, import_id, clock.now(), source, encoding)
        run.thread = threading.Thread(target=self._work, args=(work, run), name=f"import {kind}", daemon=True)
        with self._lock:
            if (other := self._find_running()) is not None:
                raise BusyError(other)
            self._runs[run.id] = run
        run.thread.start()
        self.expire()
        return run

    def find(self, run_id: str) -> Run | None:
        """Return a run, or None if it is unknown here."""
        with self._lock:
            return self._runs.get(run_id)

    def find_running(self) -> Run | None:
        """Return the run that hasn't ended, or None."""
        with self._lock:
            return self._find_running()

    def list_unfinished(self, account: str) -> Sequence[Run]:
        """Return an account's runs that the list of imports doesn't show, the latest first."""
        with self._lock:
            found = [run for run in self._runs.values() if run.account == account]
        return [run for run in found if run.kind is RunKind.CHECK or run.state is not RunState.DONE][::-1]

    def take_checked(self, run_id: str) -> Run | None:
        """Return a check that was done with its file, once: the caller has the file then."""
        with self._lock:
            run = self._runs.get(run_id)
            if run is None or run.kind is not RunKind.CHECK or run.state is not RunState.DONE:
                return None
            del self._runs[run_id]
        return run

    def put_back(self, run: Run) -> None:
        """Keep a run that was taken."""
        with self._lock:
            self._runs[run.id] = run

    def expire(self) -> None:
        """Forget runs that ended long ago, and of the others all but the latest; their files are deleted."""
        now = clock.now()
        with self._lock:
            ended = [run for run in self._runs.values() if run.ended_at is not None]
            old = [run for run in ended if run.ended_at is not None and run.ended_at < now - KEPT_FOR]
            old += [run for run in ended[: max(0, len(ended) - _MOST_KEPT)] if run not in old]
            for run in old:
                del self._runs[run.id]
        for run in old:
            if run.kept is not None:
                run.kept.discard()

    def close(self) -> None:
        """Delete every file. A run that hasn't ended is rolled back when the process ends."""
        with self._lock:
            for run in self._runs.values():
                if run.kept is not None:
                    run.kept.discard()
            self._runs.clear()

    def _find_running(self) -> Run | None:
        return next((run for run in self._runs.values() if run.state is RunState.RUNNING), None)

    def _work(self, work: Work, run: Run) -> None:
        database = Database(
            self._database_url,
            application_name="rapport api import",
            statement_timeout_ms=_STATEMENT_TIMEOUT_MS,
        )
        try:
            run.result = work(database, run)
            state, refusal = RunState.DONE, ""
        except (RequestRefusedError, RowRefusedError) as error:
            state, refusal = RunState.REFUSED, str(error)
        except (SQLAlchemyError, OSError) as error:
            log.warning("import_failed", fault=type(error).__name__)
            state, refusal = RunState.FAILED, type(error).__name__
        except Exception as error:  # the outermost boundary of this thread
            log.exception("import_failed", fault=type(error).__name__)
            state, refusal = RunState.FAILED, type(error).__name__
        finally:
            database.close()
        if run.kept is not None and not (run.kind is RunKind.CHECK and state is RunState.DONE):
            run.kept.discard()
        run.refusal, run.ended_at, run.state = refusal, clock.now(), state
