"""One stack for one data folder."""

import fcntl
import os
from pathlib import Path

from api_stub.stack.errors import AlreadyRunningError


class FolderLock:
    """Holds `<data>/lock` until released or until this process ends, however it ends."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "lock"
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises AlreadyRunningError, with the other's process id, where it is held."""
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
        """Let go. The file stays: removing it would let a third process lock a name that is gone."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
