"""Where backups are: a folder of this machine, or an address that fsspec opens (s3://, sftp://, …)."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, BinaryIO, Final, Protocol

from db.backup.place_errors import refuse_place_errors
from db.exports.atomic_file import open_atomic_file
from worker import clock
from worker.errors import ConfigurationError, RequestRefusedError
from worker.extras import Extra, how_to_install

# Earlier releases left the microseconds out.
_NAME: Final = re.compile(r"rapport-(\d{4}-\d\d-\d\dT\d{6}(?:\.\d{6})?Z)\.tar\.gz\.age")
# Down to microseconds: the schedule and a command may each make one within a second.
_FORM: Final = "%Y-%m-%dT%H%M%S.%fZ"
_UNFINISHED_FOR: Final = timedelta(days=1)
_BLOCK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredBackup:
    """A whole file, by its name. `at` is the instant of its snapshot."""

    name: str
    at: datetime
    bytes: int


@dataclass(frozen=True, slots=True)
class LocalBackup:
    """A file that can be read several times. `origin` is where the backup is, without a password."""

    path: Path
    origin: str


def make_name(at: datetime) -> str:
    """Return the name of the file of a backup of this instant."""
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


@contextmanager
def open_locally(place: str, *, progress: Callable[[int], object] = lambda _: None) -> Iterator[LocalBackup]:
    """Yield the backup in a file or at an address; the latter is copied to a private temporary file first.

    The copy is deleted when the block ends. `progress` counts its bytes. Raises RequestRefusedError if it
    can't be fetched or written, and ConfigurationError as `open_target`. A file is not looked at.
    """
    scheme, is_address, rest = place.partition("://")
    if not is_address:
        yield LocalBackup(Path(place), place)
        return
    folder, _, name = rest.rpartition("/")
    remote = _Remote(f"{scheme}://{folder}")
    if not name:
        raise RequestRefusedError("the address ends with a folder: add the name of a backup in it")
    with ExitStack() as stack:
        try:
            private = stack.enter_context(TemporaryDirectory(prefix="rapport-backup-"))
        except OSError as error:
            raise _refuse_copy(error) from error
        copy = Path(private) / "backup"
        remote.fetch(name, copy, progress)
        yield LocalBackup(copy, remote.describe(name))


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
            with refuse_place_errors(RuntimeError):
                self._system, self._folder = url_to_fs(address)
        except (ImportError, ValueError) as error:  # the package of this kind of address, or no such kind
            raise ConfigurationError(f"{address.partition('://')[0]}:// can't be opened: {error}") from None

    @contextmanager
    def create(self, name: str) -> Iterator[BinaryIO]:
        part = self._path(f"{name}.part")
        try:
            with self._used():
                opened = self._system.open(part, "wb")
            with refuse_place_errors(), opened as file:
                yield file
            with self._used():
                self._system.mv(part, self._path(name))
        except BaseException:
            with self._used():
                if self._system.exists(part):
                    self._system.rm(part)
            raise

    def fetch(self, name: str, to: Path, progress: Callable[[int], object]) -> None:
        """Copy a backup into a new file."""
        try:
            with self._used(), self._system.open(self._path(name), "rb") as source:
                _copy(source, to, progress)
        except RequestRefusedError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise RequestRefusedError(f"{self.describe(name)} isn't there") from error.__cause__
            raise

    def list_backups(self) -> Sequence[StoredBackup]:
        with self._used():
            found: list[dict[str, Any]] = self._system.ls(self._folder, detail=True)
        return _sort([(str(each["name"]).rpartition("/")[2], int(each["size"] or 0)) for each in found])

    def delete(self, name: str) -> None:
        with self._used():
            self._system.rm(self._path(name))

    def describe(self, name: str) -> str:
        return str(self._system.unstrip_protocol(self._path(name)))

    def _path(self, name: str) -> str:
        return f"{self._folder.rstrip('/')}/{name}"

    def _used(self) -> AbstractContextManager[None]:
        """Return the context of a block that does nothing else than to use the place."""
        return refuse_place_errors(ValueError, RuntimeError)


def _copy(source: BinaryIO, to: Path, progress: Callable[[int], object]) -> None:
    # Unbuffered, so that closing the file writes nothing that could fail once more.
    with to.open("xb", buffering=0) as file:
        while block := source.read(_BLOCK_BYTES):
            left = memoryview(block)
            while left:
                try:
                    left = left[file.write(left) :]
                except OSError as error:
                    raise _refuse_copy(error) from error
            progress(len(block))


def _refuse_copy(error: OSError) -> RequestRefusedError:
    return RequestRefusedError(
        f"a copy of the backup can't be written below {gettempdir()}: {error.strerror or error}; TMPDIR "
        "names another folder"
    )


def _sort(sizes: Sequence[tuple[str, int]]) -> Sequence[StoredBackup]:
    found = [(match, size) for name, size in sizes if (match := _NAME.fullmatch(name))]
    backups = [StoredBackup(match[0], datetime.fromisoformat(match[1]), size) for match, size in found]
    return sorted(backups, key=lambda each: each.at, reverse=True)
