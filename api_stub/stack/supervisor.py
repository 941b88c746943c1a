"""Start ended processes of a stack again, with a growing delay, and give up where going on is pointless."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from api_stub.stack.errors import CrashLoopError, DataLostError, PortTakenError, StackError
from api_stub.stack.processes import Child
from api_stub.stack.stack import Stack
from api_stub.stack.state_file import ProcessState
from worker import clock
from worker.processes import Process

_WORKERS: Final = frozenset({Process.BROWSER_WORKER, Process.CONTROL_WORKER})
_SAID_AHEAD: Final = timedelta(seconds=2)
"""A longer delay is announced when the process ends, and not only when it is started again."""
_MOST_DOUBLINGS: Final = 16


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How long to wait before a restart, and after how many ends in a row to give up.

    The delay doubles with each end up to `longest_delay`. A process that has run for `stable_after` begins
    anew. One that the others can do without is tried again every `retry_optional`.
    """

    first_delay: timedelta = timedelta(seconds=0.5)
    longest_delay: timedelta = timedelta(seconds=30)
    stable_after: timedelta = timedelta(seconds=60)
    most_in_a_row: int = 6
    retry_optional: timedelta = timedelta(minutes=5)

    def delay(self, in_a_row: int) -> timedelta:
        """Return the delay after the n-th end in a row, from 1."""
        return min(self.first_delay * (1 << min(in_a_row - 1, _MOST_DOUBLINGS)), self.longest_delay)


@dataclass(slots=True)
class _Record:
    """What the supervisor knows of one process. Times are seconds of the monotonic clock."""

    started_s: float = field(default_factory=clock.monotonic_seconds)
    restarts: int = 0
    in_a_row: int = 0
    how: str = ""
    due_s: float | None = None
    """When it is started again; None while it runs."""


class Supervisor:
    """Keeps the processes of a stack running. Call `check` about every second; it waits only for servers."""

    def __init__(
        self,
        stack: Stack,
        on_event: Callable[[str], object],
        *,
        on_change: Callable[[], object] = lambda: None,
        policy: RestartPolicy | None = None,
    ) -> None:
        self._stack = stack
        self._on_event = on_event
        self._on_change = on_change
        self._policy = policy or RestartPolicy()
        self._records: dict[str, _Record] = {}

    def check(self) -> None:
        """Restart what has ended and whose delay is over; the servers first, since services need them.

        Raises CrashLoopError if a process ends too often, and DataLostError if the database's files are gone.
        """
        for name, child in self._stack.children.items():
            record = self._records.setdefault(name, _Record())
            if record.due_s is None and not child.alive():
                child.kill_orphans()
                record.how = child.describe_end()
                self._schedule(name, record)
            if record.due_s is not None and clock.monotonic_seconds() >= record.due_s:
                self._restart(name, record)
            if record.due_s is not None and name not in self._stack.services:
                return  # services can't run without this server

    def list_processes(self) -> tuple[ProcessState, ...]:
        """Return the processes with their restarts."""
        states = []
        for name, child in self._stack.children.items():
            record = self._records.get(name) or _Record()
            runs = record.due_s is None
            since = datetime.fromtimestamp(child.create_time, UTC) if runs else None
            states.append(
                ProcessState(
                    name=name, pid=child.pid if runs else None, since=since, restarts=record.restarts
                )
            )
        return tuple(states)

    def _schedule(self, name: str, record: _Record) -> None:
        """Set when an ended process is started again. Raises CrashLoopError if it ended too often."""
        now_s = clock.monotonic_seconds()
        if now_s - record.started_s >= self._policy.stable_after.total_seconds():
            record.in_a_row = 0
        record.in_a_row += 1
        delay = self._policy.delay(record.in_a_row)
        if record.in_a_row >= self._policy.most_in_a_row:
            delay = self._give_up(name, record)
        elif delay > _SAID_AHEAD:
            self._on_event(f"{name} ended ({record.how}): next try in {delay.total_seconds():.0f} s")
        record.due_s = now_s + delay.total_seconds()
        self._on_change()

    def _give_up(self, name: str, record: _Record) -> timedelta:
        """Return the delay for a process that isn't essential. Raises CrashLoopError for any other."""
        child = self._stack.children[name]
        service = self._stack.services.get(name)
        if service is None or service.essential:
            raise CrashLoopError(_describe_crash_loop(child, record))
        minutes = self._policy.retry_optional / timedelta(minutes=1)
        self._on_event(
            f"{name} ended {record.in_a_row} times in a row ({record.how}). Rapport goes on without it and "
            f"tries again every {minutes:.0f} minutes; its log is {child.log}"
        )
        return self._policy.retry_optional

    def _restart(self, name: str, record: _Record) -> None:
        try:
            self._stack.restart(name)
        except DataLostError:
            raise
        except StackError as error:
            record.started_s = clock.monotonic_seconds()
            record.how = self._stack.children[name].describe_end() or str(error).split("\n", 1)[0]
            if isinstance(error, PortTakenError):
                record.how = str(error)
            self._schedule(name, record)
            return
        record.restarts += 1
        record.started_s, record.due_s = clock.monotonic_seconds(), None
        self._on_event(
            f"{name} {self._describe_end(name, record)}: started again, {_ordinal(record.restarts)} time"
        )
        self._on_change()

    def _describe_end(self, name: str, record: _Record) -> str:
        service = self._stack.services.get(name)
        is_worker = service is not None and service.process in _WORKERS
        if is_worker and record.how == "exit code 0":
            return "was shut down, perhaps from Flower"
        return f"ended ({record.how})"


def _describe_crash_loop(child: Child, record: _Record) -> str:
    return (
        f"{child.name} ended {record.in_a_row} times in a row (the last time: {record.how}), and Rapport "
        f"can't run without it, so everything was stopped. Read its log, {child.log}. The last lines:\n"
        f"{child.tail(8)}"
    )


def _ordinal(number: int) -> str:
    suffix = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
