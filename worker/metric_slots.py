"""Files of metrics that outlive their process: whoever comes next goes on in them.

The library names a process's files by its pid, so every recycled child of a worker would leave some for
ever. Here they are named by a slot: the lowest number that no living process holds. A process that takes the
slot of a dead one opens its files and goes on from the values that stand there; the library's
`process_identifier` is meant for this (prometheus/client_python#509). So there are as many files as there
once were processes at the same time. Nothing is copied, added up or deleted: wherever a process is killed,
and whenever somebody reads, no count is missing and none is there twice.

A slot is held by a lock on a file (flock). The kernel releases it with the process, however that ended, and
does so across the containers that share a volume, where another's pid says nothing.
"""

import fcntl
import json
import os
import struct
from pathlib import Path
from typing import BinaryIO

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict


class Slots:
    """The slot of this process among all that share `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid = self._number = -1
        self._lock: BinaryIO | None = None

    def mine(self) -> int:
        """Return the number of this process's slot, taken at the first call, and anew in a forked child.

        Raises OSError where the folder can't be written. The library calls this under its own lock.
        """
        if self._pid != os.getpid():
            number = 0
            while (lock := self._hold(number)) is None:
                number += 1
            if self._lock is not None:
                self._lock.close()  # a forked child's copy; the parent goes on holding its lock
            self._pid, self._number, self._lock = os.getpid(), number, lock
        return self._number

    def _hold(self, number: int) -> BinaryIO | None:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = (self._folder / f"{number}.lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return None
        if any(map(is_damaged, self._folder.glob(f"*_{number}.db"))):
            lock.close()  # left as it is: the next number will do
            return None
        return lock


def is_damaged(path: Path) -> bool:
    """Whether a file of metrics can't be read to its end, as after a loss of power."""
    try:
        for key, *_ in MmapedDict.read_all_values_from_file(path):  # type: ignore[no-untyped-call]  # untyped there
            _name, _sample, _labels, _help = json.loads(key)
    except (ValueError, TypeError, RuntimeError, struct.error):
        return path.stat().st_size > 0  # one that was only just created is empty
    return False


def use_slots() -> None:
    """Name this process's files by slot. Comes before the first metric; without a folder, nothing changes."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")  # noqa: TID251 -- the library's switch, not our setting
    if folder is not None:
        values.ValueClass = values.MultiProcessValue(Slots(Path(folder)).mine)  # type: ignore[no-untyped-call]  # untyped there
