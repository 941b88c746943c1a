"""Files that were sent to be imported: private, locked by the process that holds them, deleted at the end.

The lock ends with the process, so that the next one finds the files of one that died, and deletes them.
"""

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from io import FileIO
from pathlib import Path, PurePosixPath, PureWindowsPath
from secrets import token_hex
from typing import Final

from worker.errors import RequestRefusedError
from worker.files import make_private_folder
from worker.rules.texts.characters import sanitise_line

_MODE: Final = 0o600
_LONGEST_NAME: Final = 200
_UNNAMED: Final = "file"


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that arrived whole: its sender's `name` for it, its SHA-256, and its size in bytes."""

    path: Path
    name: str
    digest: str
    size: int
    opened: FileIO

    def discard(self) -> None:
        """Delete it. Doing so again changes nothing."""
        self.path.unlink(missing_ok=True)
        self.opened.close()


class FileWriter:
    """A file that is arriving, which only this user can read."""

    def __init__(self, folder: Path) -> None:
        make_private_folder(folder)
        self._path, self._hash, self.size = folder / token_hex(16), sha256(), 0
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        self._opened = FileIO(os.open(self._path, flags, _MODE), "w")
        fcntl.flock(self._opened, fcntl.LOCK_EX)

    def write(self, chunk: bytes) -> None:
        """Append to the file. Raises OSError, as when the disk is full."""
        view = memoryview(chunk)
        while view:
            view = view[self._opened.write(view) or 0 :]
        self._hash.update(chunk)
        self.size += len(chunk)

    def finish(self, name: str) -> KeptFile:
        """Return the file, which is whole now."""
        return KeptFile(self._path, clean_name(name), self._hash.hexdigest(), self.size, self._opened)

    def discard(self) -> None:
        """Delete what has arrived."""
        self._path.unlink(missing_ok=True)
        self._opened.close()


def delete_abandoned(folder: Path) -> int:
    """Delete the files of processes that died, and return how many."""
    if not folder.is_dir():
        return 0
    count = 0
    for path in folder.iterdir():
        with suppress(FileNotFoundError), path.open("rb") as found:
            try:
                fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            path.unlink()
            count += 1
    return count


def clean_name(given: str) -> str:
    """Return the last part of a file's name, on one line of visible characters."""
    last = PurePosixPath(PureWindowsPath(given).name).name
    return sanitise_line(last)[:_LONGEST_NAME].strip() or _UNNAMED


def require_digest(kept: KeptFile, digest: str) -> None:
    """Raise RequestRefusedError unless the file is the one with this digest, also on the disk."""
    with kept.path.open("rb") as stored:
        hashed = sha256()
        while chunk := stored.read(1 << 20):
            hashed.update(chunk)
    if not hashed.hexdigest() == kept.digest == digest:
        raise RequestRefusedError("the file isn't the one that was shown, so nothing was imported")
