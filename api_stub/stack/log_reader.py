"""Read the logs of all processes as one, in the order of time, and follow them."""

import heapq
import os
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from api_stub.stack.log_lines import LogLine, parse_line
from api_stub.stack.processes import OUTPUT_LOG

LOG_COMMAND: Final = "rapport logs --correlation ID"
"""The command that shows what the processes of `rapport up` logged about a correlation id."""
_POLL_SECONDS: Final = 0.25
_TAIL_BYTES: Final = 1_000_000
"""Read of each log if only the newest lines are wanted, and nothing restricts which."""
_LEAST_LEVEL: Final = "debug"


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines are wanted. An empty or absent value wants all."""

    names: Collection[str] = ()
    correlation_id: str = ""
    level: str = _LEAST_LEVEL
    since: datetime | None = None

    @property
    def restricts(self) -> bool:
        """Whether some lines of a wanted process may be unwanted."""
        return bool(self.correlation_id or self.since) or self.level != _LEAST_LEVEL

    def wants(self, line: LogLine) -> bool:
        """Return whether a line is wanted. A correlation id may be given by its beginning."""
        return (
            line.correlation_id.startswith(self.correlation_id)
            and line.is_at_least(self.level)
            and (self.since is None or line.at is None or line.at >= self.since)
        )


@dataclass(frozen=True, slots=True)
class TimedLine:
    """A line, the process that wrote it, and when: at its own time, or at that of the line it continues."""

    name: str
    at: datetime
    line: LogLine


class LogReader:
    """The logs of a data folder: of the stack that runs or ran last, and of the one before. Close it."""

    def __init__(self, data_dir: Path, wanted: LogFilter) -> None:
        self._folder = data_dir / "logs"
        self._wanted = wanted
        self._logs: dict[Path, _OpenLog] = {}
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def list_names(self) -> list[str]:
        """Return the names of the processes that have a log."""
        return sorted({_name_of(path) for path in self._folder.glob("*.log*") if path.name != OUTPUT_LOG})

    def read_newest(self, count: int | None) -> list[TimedLine]:
        """Return the newest wanted lines, or all for None, oldest first. `follow` continues after them."""
        logs = [self._open(path) for path in (*self._find("*.log.1"), *self._find("*.log"))]
        if not self._wanted.restricts:
            for log in logs:
                log.skip_to_last(_TAIL_BYTES)
        merged = heapq.merge(*(self._read(log) for log in logs), key=_time_of)
        return list(deque(merged, maxlen=count))

    def follow(self, *, until: Callable[[], bool] = lambda: False) -> Iterator[TimedLine]:
        """Yield wanted lines as they are written, also those of new logs, until `until` is true."""
        while True:
            is_last = until()
            new: list[TimedLine] = []
            for path in self._find("*.log"):
                if path in self._logs and self._logs[path].is_replaced():
                    new += self._read(self._logs.pop(path))
                new += self._read(self._logs[path] if path in self._logs else self._open(path))
            yield from sorted(new, key=_time_of)
            if is_last:
                return
            time.sleep(_POLL_SECONDS)

    def _find(self, pattern: str) -> list[Path]:
        names = self._wanted.names
        found = (path for path in sorted(self._folder.glob(pattern)) if path.name != OUTPUT_LOG)
        return [path for path in found if not names or _name_of(path) in names]

    def _open(self, path: Path) -> "_OpenLog":
        log = self._logs[path] = _OpenLog(path)
        self._exit.callback(log.close)
        return log

    def _read(self, log: "_OpenLog") -> Iterator[TimedLine]:
        """Yield the wanted new lines. A line without a time is wanted if the one that it continues is.

        It has no correlation id. What a library printed after a line of a story is not part of the story.
        """
        wants = not self._wanted.restricts
        for timed in log.read():
            if timed.line.at is not None or self._wanted.correlation_id:
                wants = self._wanted.wants(timed.line)
            if wants and timed.line.message.strip():
                yield timed


class _OpenLog:
    """One log, read from where the last read ended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = _name_of(path)
        self._file = path.open("rb")
        self._half_line = b""
        self._at: datetime | None = None

    def close(self) -> None:
        self._file.close()

    def skip_to_last(self, size: int) -> None:
        """Skip all but the last `size` bytes, and the line that this cuts."""
        if os.fstat(self._file.fileno()).st_size > size:
            self._file.seek(-size, os.SEEK_END)
            self._file.readline()

    def is_replaced(self) -> bool:
        """Return whether the path leads to another file now, or to this one cut short."""
        try:
            now, opened = self._path.stat(), os.fstat(self._file.fileno())
        except FileNotFoundError:
            return False
        return (now.st_dev, now.st_ino) != (opened.st_dev, opened.st_ino) or now.st_size < self._file.tell()

    def read(self) -> Iterator[TimedLine]:
        """Yield the new lines, with rising times. Lines before the first time get that one."""
        waiting: list[LogLine] = []
        for raw in self._file:
            if not raw.endswith(b"\n"):
                self._half_line += raw
                break
            text = (self._half_line + raw).decode(errors="replace").rstrip("\r\n")
            self._half_line = b""
            line = parse_line(text)
            if line.at is not None:
                self._at = max(line.at, self._at or line.at)
            if self._at is None:
                waiting.append(line)
                continue
            for each in (*waiting, line):
                yield TimedLine(self._name, self._at, each)
            waiting.clear()
        written_at = datetime.fromtimestamp(os.fstat(self._file.fileno()).st_mtime, UTC)
        for line in waiting:
            yield TimedLine(self._name, written_at, line)


def _name_of(path: Path) -> str:
    return path.name.partition(".")[0]


def _time_of(timed: TimedLine) -> datetime:
    return timed.at
