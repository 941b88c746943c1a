"""Metric files that outlive their process: the next process continues them.

The library names a process's files by its pid, so every recycled child of a worker would leave files behind
for ever. Here they are named by a slot: the lowest number that no living process holds. A process that takes
over a slot opens its files and continues from their values; the library's `process_identifier` exists for
this (prometheus/client_python#509). So there are only as many files as there were processes at one time.
Nothing is copied, summed or deleted: however a process ends, and whenever the files are read, every count is
there exactly once.

A slot is held by a file lock (flock). The kernel releases it when the process ends, also across containers
that share a volume, where pids mean nothing.
"""

import fcntl
import json
import os
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

_TRIES: Final = 10
_PAUSE_S: Final = 0.005
"""Between two tries, so that a scrape that waits for a processor can end.

If several scrapes share the lock one after the other for all tries, the next slot is taken, harmlessly.
"""


class Slots:
    """This process's slot among all processes that share `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid = self._number = -1
        self._lock: BinaryIO | None = None

    def acquire(self) -> int:
        """Return this process's slot number. The first call acquires it; a forked child acquires its own.

        Raises OSError if the folder isn't writable. The library calls this while it holds its own lock.
        """
        if self._pid != os.getpid():
            number = 0
            while (lock := self._try_lock(number)) is None:
                number += 1
            if self._lock is not None:
                self._lock.close()  # the forked child's copy; the parent keeps its lock
            self._pid, self._number, self._lock = os.getpid(), number, lock
        return self._number

    def _try_lock(self, number: int) -> BinaryIO | None:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = (self._folder / f"{number}.lock").open("ab")
        if not _acquire(lock):
            lock.close()
            return None
        for left in self._folder.glob(f"gauge_*_{number}.db"):
            left.unlink(missing_ok=True)  # the values of a process that has ended
        if any(map(is_damaged, self._folder.glob(f"*_{number}.db"))):
            lock.close()  # the damaged file stays; try the next number
            return None
        return lock


def _acquire(lock: BinaryIO) -> bool:
    """Lock the slot; return False if a process holds it. A scrape shares the lock only for a moment."""
    for _ in range(_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if _is_held(lock):
            break
        fcntl.flock(lock, fcntl.LOCK_UN)
        time.sleep(_PAUSE_S)
    return False


def _is_held(lock: BinaryIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def is_held(path: Path) -> bool:
    """Return whether the process lives whose slot this metric file belongs to."""
    number = path.stem.rpartition("_")[2]
    try:
        with (path.parent / f"{number}.lock").open("rb") as lock:
            return _is_held(lock)
    except FileNotFoundError:
        return False


def is_damaged(path: Path) -> bool:
    """Return whether a metric file can't be read to its end, as after a power failure.

    Raises FileNotFoundError if a process that takes over the slot has just deleted it.
    """
    try:
        for key, *_ in MmapedDict.read_all_values_from_file(path):  # type: ignore[no-untyped-call]  # untyped there
            _name, _sample, _labels, _help = json.loads(key)
    except (ValueError, TypeError, RuntimeError, struct.error):
        return path.stat().st_size > 0  # a new file is empty
    return False


def use_slots() -> None:
    """Name this process's files by slot; called before the first metric. Without a folder, do nothing."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")  # noqa: TID251 -- the library's switch, not our setting
    if folder is not None:
        values.ValueClass = values.MultiProcessValue(Slots(Path(folder)).acquire)  # type: ignore[no-untyped-call]  # untyped there
