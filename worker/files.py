"""Files: what may be read where somebody names one, and who may read what we write."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from worker.errors import RequestRefusedError

PRIVATE_UMASK: Final = 0o077
"""The umask of all our processes: what they write is their owner's alone."""


def open_regular_file(path: str, flags: int) -> int:
    """Open a regular file; an `opener` for `open`.

    Raises RequestRefusedError for a pipe, a device or a socket, OSError for a folder as `open` does. It is
    asked before, since to open a device may do something, and after, since the name may mean another file by
    then. Opened without waiting: a pipe would wait for somebody who writes to it.
    """
    _refuse_others(path, os.stat(path).st_mode)  # noqa: PTH116 -- a name, as `open` hands it on
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        _refuse_others(path, os.fstat(descriptor).st_mode)
    except (RequestRefusedError, OSError):
        os.close(descriptor)
        raise
    return descriptor


def make_private_folder(path: Path) -> None:
    """Make a folder that only its owner may enter, and the folders above it that are missing.

    One that is there becomes such a folder, if it is ours.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
    make_private(path)


def make_private(path: Path) -> None:
    """Take everybody else's rights from a file or folder, unless it is a link or somebody else's."""
    with suppress(PermissionError):
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o700)


def _refuse_others(path: str, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    kind = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
    raise RequestRefusedError(f"there is no file {path}: this is {kind}")
