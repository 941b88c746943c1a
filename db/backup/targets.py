"""Where backups are: a folder of this machine, or an address that fsspec opens (s3://, sftp://, …)."""

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from db.exports.atomic_file import open_atomic_file
from worker import clock
from worker.errors import ConfigurationError, RequestRefusedError
from worker.extras import Extra, how_to_install

_NAME: Final = re.compile(r"rapport-(\d{4}-\d\d-\d\dT\d{6}(?:\.\d{6})?Z)\.tar\.gz\.age")
# Down to microseconds: the schedule and a command may each make one within a second.
_FORM: Final = "%Y-%m-%dT%H%M%S.%fZ"
_UNFINISHED_FOR: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StoredBackup:
    """A whole file, by its name. `at` is the instant of its snapshot."""

    name: str
    at: datetime
    bytes: int


def make_name(at: datetime) -> str:
    """Return the name of the file of a backup of this instant. Earlier releases left the microseconds out."""
    return f"rapport-{at.astimezone(UTC):{_FORM}}.tar.gz.age"


class Target(Protocol):
    """Where backups are. Each method raises RequestRefusedError if it can't be reached."""

    def create(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open a new file, which gets its name when the block succeeds."""

    def list_backups(self) -> Sequence[StoredBackup]:
        """Return the whole backups, newest first."""

    def delete(self, name: str) -> None:
        """Delete one."""

    def describe(self, name: str) -> str:
        """Return where the file of this name is."""


def open_target(address: str) -> Target:
    """Return the target. Raises ConfigurationError if it needs a package that isn't installed."""
    return _Remote(address) if "://" in address else _Folder(Path(address).expanduser().absolute())


def prune(target: Target, *, keep: int) -> Sequence[str]:
    """Delete all but the `keep` newest backups; return the names of those that were deleted."""
    old = [each.name for each in target.list_backups()[keep:]]
    for name in old:
        target.delete(name)
    return old


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def create(self, name: str) -> Iterator[BinaryIO]:
        self._require()
        self._delete_unfinished()
        with open_atomic_file(self._folder / name, replace=False) as file:
            yield file

    def list_backups(self) -> Sequence[StoredBackup]:
        self._require()
        try:
            sizes = [(path.name, path.stat().st_size) for path in self._folder.iterdir() if path.is_file()]
        except OSError as error:
            raise RequestRefusedError(f"{self._folder} can't be read: {error.strerror or error}") from error
        return _sort(sizes)

    def delete(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def describe(self, name: str) -> str:
        return str(self._folder / name)

    def _require(self) -> None:
        """Never make the folder: if a disk isn't mounted, it would be made on the wrong one."""
        if not self._folder.is_dir():
            raise RequestRefusedError(
                f"{self._folder} isn't there: make that folder, or mount its disk"
            ) from FileNotFoundError(2, "No such file or directory")

    def _delete_unfinished(self) -> None:
        """Delete what a killed process was writing a day ago or earlier."""
        before = clock.now() - _UNFINISHED_FOR
        for part in self._folder.glob(".rapport-export-*.part"):
            if part.stat().st_mtime < before.timestamp():
                part.unlink(missing_ok=True)


class _Remote:
    def __init__(self, address: str) -> None:
        try:
            from fsspec.core import url_to_fs  # noqa: PLC0415 -- an extra
        except ImportError:
            raise ConfigurationError(
                f"backups to an address need fsspec: {how_to_install(Extra.REMOTE_BACKUP)}, or give a folder"
            ) from None
        try:
            self._system, self._folder = url_to_fs(address)
        except (ImportError, ValueError) as error:  # the package of this kind of address, or no such kind
            raise ConfigurationError(f"{address.partition('://')[0]}:// can't be opened: {error}") from None

    @contextmanager
    def create(self, name: str) -> Iterator[BinaryIO]:
        part = self._path(f"{name}.part")
        with self._told():
            try:
                with self._system.open(part, "wb") as file:
                    yield file
                self._system.mv(part, self._path(name))
            except BaseException:
                if self._system.exists(part):
                    self._system.rm(part)
                raise

    def list_backups(self) -> Sequence[StoredBackup]:
        with self._told():
            found: list[dict[str, Any]] = self._system.ls(self._folder, detail=True)
        return _sort([(str(each["name"]).rpartition("/")[2], int(each["size"] or 0)) for each in found])

    def delete(self, name: str) -> None:
        with self._told():
            self._system.rm(self._path(name))

    def describe(self, name: str) -> str:
        return str(self._system.unstrip_protocol(self._path(name)))

    def _path(self, name: str) -> str:
        return f"{self._folder.rstrip('/')}/{name}"

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RequestRefusedError(f"the place of the backups can't be used: {error}") from error


def _sort(sizes: Sequence[tuple[str, int]]) -> Sequence[StoredBackup]:
    found = [(match, size) for name, size in sizes if (match := _NAME.fullmatch(name))]
    backups = [StoredBackup(match[0], datetime.fromisoformat(match[1]), size) for match, size in found]
    return sorted(backups, key=lambda each: each.at, reverse=True)
