"""Open files that a user names, and keep Rapport's own files private."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from worker.errors import RequestRefusedError

PRIVATE_UMASK: Final = 0o077
"""The umask of all of Rapport's processes: only the owner can read what they write."""


def open_regular_file(path: str, flags: int) -> int:
    """Open a regular file and return its descriptor; use it as the `opener` of `open`.

    Raises RequestRefusedError for a pipe, device or socket, and OSError for a folder, as `open` does. The
    type is checked before opening, because opening a device can have side effects, and after it, because the
    name may refer to another file by then. Opening never blocks, not even on a pipe without a writer.
    """
    _require_regular(path, os.stat(path).st_mode)  # noqa: PTH116 -- a name, as `open` hands it on
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        _require_regular(path, os.fstat(descriptor).st_mode)
    except (RequestRefusedError, OSError):
        os.close(descriptor)
        raise
    return descriptor


def make_private_folder(path: Path) -> None:
    """Create a folder that only its owner may enter, with its missing parents.

    An existing folder is made private if this user owns it.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
    make_private(path)


def make_private(path: Path) -> None:
    """Remove all rights of group and others from a file or folder, unless it is a link or another user's."""
    with suppress(PermissionError):
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o700)


def _require_regular(path: str, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    kind = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
    raise RequestRefusedError(f"{path} isn't a file: it is {kind}")
