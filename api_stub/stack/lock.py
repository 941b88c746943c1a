"""A lock, so that one stack at a time uses a data folder."""

import fcntl
import os
from pathlib import Path

from api_stub.stack.errors import AlreadyRunningError


def is_locked(data_dir: Path) -> bool:
    """Return whether a stack runs on this data folder."""
    try:
        file = os.open(data_dir / "lock", os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


class FolderLock:
    """The lock `<data>/lock`. The system releases it when this process ends, however it ends."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "lock"
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises AlreadyRunningError, with the holder's process id, if it is taken."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(file)
            raise AlreadyRunningError(
                f"already running here (pid {holder}). Stop that one first, or use another data folder "
                f"than {self._path.parent}."
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        self._file = file

    def release(self) -> None:
        """Release the lock. The file stays: if it were removed, two processes could lock different files."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
