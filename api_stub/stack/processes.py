"""Start child processes, record them, and stop them with all their descendants."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from psutil import Process

from api_stub.stack.errors import ChildDiedError, StackError
from api_stub.stack.interrupts import Interrupts
from api_stub.stack.log_lines import parse_line
from api_stub.stack.process_tree import (
    MARK_VARIABLE,
    SERVICE_VARIABLE,
    find_marked_processes,
    find_process,
    kill_trees,
    list_descendants,
    read_create_time,
    send_signal,
    wait_for_exit,
)
from api_stub.stack.secrets import write_private_file
from api_stub.stack.servers.unprivileged import Identity
from worker.clock import monotonic_seconds
from worker.files import PRIVATE_UMASK, make_private, make_private_folder

_POLL_SECONDS: Final = 0.05
OUTPUT_LOG: Final = "up.log"
"""What `rapport up --detach` prints. It is open when the stack starts, so it is not rotated then."""


class Child:
    """A child process in a session of its own, so that the terminal's Ctrl-C doesn't reach it."""

    def __init__(
        self,
        name: str,
        process: subprocess.Popen[bytes],
        log: Path,
        mark: str,
        *,
        log_begin: int,
        stop_signals: Sequence[signal.Signals],
        interrupts: Interrupts,
    ) -> None:
        self.name = name
        self.log = log
        self._log_begin = log_begin
        self.create_time = read_create_time(process.pid) or 0.0
        self._process = process
        self._mark = mark
        self._stop_signals = tuple(stop_signals)
        self._interrupts = interrupts
        self._descendants: set[Process] = set()  # recorded, for descendants that leave the session
        self._stop_requested = False

    @property
    def pid(self) -> int:
        """Its process id, which is also its session id."""
        return self._process.pid

    def alive(self) -> bool:
        """Return whether it still runs."""
        return self._poll() is None

    def describe_end(self) -> str:
        """Return how it ended, such as "signal 9". Empty while it runs."""
        code = self._poll()
        if code is None:
            return ""
        return f"exit code {code}" if code >= 0 else f"signal {-code}"

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this process only, if it still runs."""
        with self._interrupts.deferred():
            self._process.send_signal(number)

    def request_stop(self) -> None:
        """Send its first stop signal, once: a second one tells Celery to abort the current task."""
        if self._stop_requested:
            return
        self._stop_requested = True
        if self.alive():
            self._descendants = self._find_descendants()
            self.send(self._stop_signals[0])

    def stop(self, grace: timedelta) -> None:
        """Send each stop signal, waiting up to `grace` after each, then kill it and all its descendants."""
        self.request_stop()
        self._wait(grace)
        for number in self._stop_signals[1:]:
            if self.alive():
                self.send(number)
                self._wait(grace)
        kill_trees(self._descendants | self._find_descendants())
        self._wait(timedelta.max)

    def kill_orphans(self) -> None:
        """Kill what it started, after it has ended by itself: a killed worker leaves its browser."""
        kill_trees(find_marked_processes(self._mark, service=self.name))

    def wait(self, timeout: timedelta) -> int:
        """Wait for a child that ends by itself; return its exit code. Raises StackError after `timeout`."""
        code = self._wait(timeout)
        if code is None:
            raise StackError(f"{self.name} did not end within {timeout.total_seconds():.0f} s: {self.log}")
        return code

    def tail(self, lines: int = 15) -> str:
        """Return the last lines that it logged, as a person reads them, without JSON."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(self._log_begin, self.log.stat().st_size - 16_384))
                raw = file.read().decode(errors="replace").splitlines()[-lines:]
        except FileNotFoundError:
            return ""
        return "\n".join(parse_line(line).describe() for line in raw)

    def check(self) -> None:
        """Raise ChildDiedError, with the tail of the log, if it no longer runs."""
        if how := self.describe_end():
            raise ChildDiedError(f"{self.name} ended by itself ({how}). Its log, {self.log}:\n{self.tail()}")

    def wait_until(self, ready: Callable[[], bool], timeout: timedelta) -> None:
        """Wait until `ready()`. Raises ChildDiedError if the child ends first, StackError after `timeout`."""
        deadline = monotonic_seconds() + timeout.total_seconds()
        while True:
            self.check()
            if ready():
                return
            if monotonic_seconds() > deadline:
                raise StackError(
                    f"{self.name} is not ready after {timeout.total_seconds():.0f} s. "
                    f"Its log, {self.log}:\n{self.tail()}"
                )
            time.sleep(_POLL_SECONDS)

    def _find_descendants(self) -> set[Process]:
        head = find_process(self.pid, self.create_time)
        return find_marked_processes(self._mark, session=self.pid) | (
            list_descendants(head) if head else set()
        )

    def _wait(self, grace: timedelta) -> int | None:
        deadline = monotonic_seconds() + grace.total_seconds()
        while (code := self._poll()) is None and monotonic_seconds() < deadline:
            time.sleep(_POLL_SECONDS)
        return code

    def _poll(self) -> int | None:
        # Popen holds a lock while it waits: an interrupt there would leave the lock taken for ever.
        with self._interrupts.deferred():
            return self._process.poll()


class ProcessTable:
    """Starts children and records them in `<data>/processes.json`.

    If this process is killed, the next one reads there what to kill. A process is ours only if its id and its
    creation time both match, because process ids are reused. Without `continue_logs`, each start begins a new
    log and keeps the previous one as .log.1.
    """

    def __init__(
        self, data_dir: Path, interrupts: Interrupts | None = None, *, continue_logs: bool = False
    ) -> None:
        self._path = data_dir / "processes.json"
        self._logs = data_dir / "logs"
        self._mark = str(data_dir.resolve())
        self._interrupts = interrupts or Interrupts()
        self._continue_logs = continue_logs

    def start(
        self,
        name: str,
        argv: Sequence[str | os.PathLike[str]],
        env: Mapping[str, str],
        *,
        on_started: Callable[[Child], object] | None = None,
        stop_signals: Sequence[signal.Signals] = (signal.SIGTERM,),
        cwd: Path | None = None,
        identity: Identity | None = None,
    ) -> Child:
        """Start a process that logs to `<data>/logs/<name>.log`.

        `on_started` is called with the child before an interrupt can be raised. `identity` is the user that
        it runs as. Raises StackError if the program can't be run.
        """
        make_private_folder(self._logs)
        log = self._logs / f"{name}.log"
        if log.exists() and not self._continue_logs:
            _rotate(log)
        with self._interrupts.deferred(), log.open("ab") as output:
            make_private(log)
            log_begin = log.stat().st_size
            try:
                process = subprocess.Popen(
                    [os.fspath(part) for part in argv],
                    env={**env, MARK_VARIABLE: self._mark, SERVICE_VARIABLE: name},
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    umask=PRIVATE_UMASK,
                    **(identity or Identity()).popen_arguments(),
                )
            except OSError as error:
                raise StackError(f"{name} can't be started: {error}") from error
            child = Child(
                name,
                process,
                log,
                self._mark,
                log_begin=log_begin,
                stop_signals=stop_signals,
                interrupts=self._interrupts,
            )
            if on_started is not None:
                on_started(child)
            self._record(child, stop_signals[0])
        return child

    def forget(self, *children: Child) -> None:
        """Remove ended children from the table."""
        gone = {child.pid for child in children}
        self._write([entry for entry in self._read() if entry["pid"] not in gone])

    def kill_leftovers(self, grace: timedelta = timedelta(seconds=3)) -> int:
        """Stop, then kill, the processes that an earlier stack left; return how many there were."""
        families: set[Process] = set()
        for entry in self._read():
            process = find_process(entry["pid"], entry["born"])
            if process is not None:
                families |= list_descendants(process)
                send_signal(process, signal.Signals(entry["stop_signal"]))
        wait_for_exit(families, grace)
        # Some may have lost their parent, or started just before they could be recorded.
        families |= find_marked_processes(self._mark)
        kill_trees(families)
        self._write([])
        return len(families)

    def rotate_logs(self) -> None:
        """Keep the logs of an earlier stack as .log.1."""
        for log in self._logs.glob("*.log"):
            if log.name != OUTPUT_LOG:
                _rotate(log)

    def _record(self, child: Child, stop_signal: signal.Signals) -> None:
        entry = {
            "name": child.name,
            "pid": child.pid,
            "born": child.create_time,
            "stop_signal": int(stop_signal),
        }
        self._write([*self._read(), entry])

    def _read(self) -> list[dict[str, Any]]:
        try:
            return list(json.loads(self._path.read_text()))
        except (FileNotFoundError, ValueError):
            return []

    def _write(self, entries: list[dict[str, Any]]) -> None:
        write_private_file(self._path, json.dumps(entries, indent=1) + "\n")


def _rotate(log: Path) -> None:
    log.replace(log.with_suffix(".log.1"))
