"""Opening files that somebody names: never one that would make us wait, or that is more than a file."""

import errno
import os
import stat

from worker.errors import RequestRefusedError


def only_regular(path: str, flags: int) -> int:
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


def _refuse_others(path: str, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    kind = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
    raise RequestRefusedError(f"there is no file {path}: this is {kind}")
