"""A folder for the temporary files of one process's browser; it also deletes those of dead processes.

Chromium's profile and Playwright's artifacts stay behind if their process is killed. Each process holds its
folder by a file lock (flock), which the kernel releases when the process ends. So a folder without a lock is
unused, whatever its age.
"""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import BinaryIO, Self

from worker.errors import ConfigurationError


class TemporaryFolder:
    """An empty folder that no other process uses until it is deleted, or this process ends."""

    def __init__(self, path: Path, lock: BinaryIO) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def acquire(cls) -> Self:
        """Take the lowest number that no living process holds, and delete what dead ones left.

        Raises ConfigurationError if the folder for all of them belongs to somebody else.
        """
        base = _open_base()
        number = 0
        while (lock := _try_lock(base, number)) is None:
            number += 1
        for other in _list_numbers(base):
            if other != number and (other_lock := _try_lock(base, other)) is not None:
                rmtree(base / str(other), ignore_errors=True)
                other_lock.close()
        path = base / str(number)
        rmtree(path, ignore_errors=True)
        path.mkdir(mode=0o700, exist_ok=True)
        return cls(path, lock)

    def delete(self) -> None:
        """Delete the folder, and let others use its number."""
        rmtree(self.path, ignore_errors=True)
        self._lock.close()


def _open_base() -> Path:
    """Return the folder of all of this user's browsers; anybody may have made one of its name in /tmp."""
    base = Path(tempfile.gettempdir()) / f"rapport-browsers-{os.geteuid()}"
    with suppress(FileExistsError):
        base.mkdir(mode=0o700)
    found = base.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise ConfigurationError(f"{base} isn't a folder of this user's: remove it, or set TMPDIR")
    base.chmod(0o700)
    return base


def _try_lock(base: Path, number: int) -> BinaryIO | None:
    lock = (base / f"{number}.lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _list_numbers(base: Path) -> Iterator[int]:
    return (int(path.name) for path in base.iterdir() if path.name.isdecimal())
