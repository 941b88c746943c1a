"""Atomic file writing: the file appears complete or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from worker.errors import RequestRefusedError


@contextmanager
def open_atomic_file(path: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """Open a temporary file that becomes `path` when the block succeeds, and is deleted if it raises.

    The mode is 0600. The temporary file is beside `path`, with a name that begins with a dot; only SIGKILL
    or a power cut leaves it behind. Raises RequestRefusedError if `path` exists and `replace` is false, is
    not a file, or can't be written.
    """
    _check_writable(path, replace=replace)
    try:
        descriptor, name = tempfile.mkstemp(prefix=".rapport-export-", suffix=".part", dir=path.parent)
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            _check_writable(path, replace=replace)  # another process may have created it meanwhile
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise RequestRefusedError(f"{path} can't be written: {error.strerror or error}") from error


def _check_writable(path: Path, *, replace: bool) -> None:
    if path.exists() and not path.is_file():
        raise RequestRefusedError(f"{path} is not a file: name one, or - for the standard output")
    if not replace and os.path.lexists(path):
        raise RequestRefusedError(f"{path} already exists: give another name, or --force to replace it")


def _sync_folder(folder: Path) -> None:
    """Sync the folder, so that the new name survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
