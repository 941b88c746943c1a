"""A lock, so that one stack or command at a time uses the servers of a data folder."""

import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from api_stub.stack.errors import AlreadyRunningError
from api_stub.stack.process_tree import find_process, read_create_time
from worker.clock import monotonic_seconds

_PROBE_TIME: Final = timedelta(milliseconds=300)
"""`read_holder` holds the lock for microseconds, so a lock that is taken is tried again for this long."""
COMMAND_TIMEOUT: Final = timedelta(seconds=20)
"""How long to wait for a command that uses the database alone. Most take a second or two."""
_POLL_SECONDS: Final = 0.05
_HOLDER_MAX_BYTES: Final = 200


class Purpose(StrEnum):
    """What the holder of a lock runs."""

    STACK = "stack"
    COMMAND = "command"
    """A command that started the embedded database for itself."""


class LockHolder(BaseModel):
    """The process that holds a data folder's lock. `born`: its creation, in seconds since 1970."""

    pid: int
    born: float
    purpose: Purpose


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

    def __init__(self, data_dir: Path, purpose: Purpose = Purpose.STACK) -> None:
        self._path = data_dir / "lock"
        self._purpose = purpose
        self._file: int | None = None

    def acquire(self, on_wait: Callable[[LockHolder], object] = lambda _holder: None) -> None:
        """Take the lock. Waits for a command that holds it, and calls `on_wait` before.

        Raises AlreadyRunningError, with the holder's process id, if a stack holds the lock, or if a command
        doesn't release it in time.
        """
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._wait_for(file, on_wait)
        except BaseException:
            os.close(file)
            raise
        holder = LockHolder(pid=os.getpid(), born=read_create_time(os.getpid()) or 0, purpose=self._purpose)
        os.ftruncate(file, 0)
        os.pwrite(file, holder.model_dump_json().encode(), 0)
        self._file = file

    def release(self) -> None:
        """Release the lock. The file stays: if it were removed, two processes could lock different files."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _wait_for(self, file: int, on_wait: Callable[[LockHolder], object]) -> None:
        began = monotonic_seconds()
        is_told = False
        while not _try_lock(file, fcntl.LOCK_EX):
            waited = timedelta(seconds=monotonic_seconds() - began)
            holder = _read(file)
            is_command = holder is not None and holder.purpose is Purpose.COMMAND
            if waited > (COMMAND_TIMEOUT if is_command else _PROBE_TIME):
                raise AlreadyRunningError(self._describe(holder))
            if holder is not None and is_command and not is_told and waited > _PROBE_TIME:
                on_wait(holder)
                is_told = True
            time.sleep(_POLL_SECONDS)

    def _describe(self, holder: LockHolder | None) -> str:
        if holder is not None and holder.purpose is Purpose.COMMAND:
            return (
                f"another command uses the database now (pid {holder.pid}). Try again when it has finished."
            )
        pid = holder.pid if holder else "unknown"
        return (
            f"already running here (pid {pid}). Stop that one first with `rapport down`, or use another data "
            f"folder than {self._path.parent}."
        )


def read_holder(data_dir: Path) -> LockHolder | None:
    """Return the process that holds the lock of a data folder, or None. A killed process holds none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        file = os.open(data_dir / "lock", os.O_RDONLY)
        try:
            return None if _try_lock(file, fcntl.LOCK_SH) else _read(file)
        finally:
            os.close(file)
    return None


def _try_lock(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(file: int) -> LockHolder | None:
    """Return what the file says, unless its writer has ended: then the holder has not written it yet."""
    try:
        holder = LockHolder.model_validate_json(os.pread(file, _HOLDER_MAX_BYTES, 0))
    except ValidationError:
        return None
    return holder if find_process(holder.pid, holder.born) else None
