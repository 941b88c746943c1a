"""Read a backup from its beginning to its end, and check everything that it says about itself."""

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pyrage import x25519

from db.backup.contents import ABOUT, EVIDENCE, FORMAT, MANIFEST, TABLES, About, Manifest
from db.backup.envelope import decrypt
from db.backup.errors import BackupDamagedError
from db.backup.pack import Member
from worker.errors import RequestRefusedError
from worker.files import open_regular_file

Progress = Callable[[int], object]
M = TypeVar("M", bound=BaseModel)
_MOST_BYTES: Final = 64 * 1024 * 1024
"""A member is a part of a table, or one screenshot or trace."""


@dataclass
class _Count:
    """What was read of one table or file."""

    rows: int = 0
    size: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, content: bytes) -> None:
        self.rows += content.count(b"\n")
        self.size += len(content)
        self.digest.update(content)


@dataclass(frozen=True, slots=True)
class Verified:
    """A backup that was read to its end, and found whole."""

    about: About
    manifest: Manifest


@contextmanager
def open_backup(path: Path) -> Iterator[BinaryIO]:
    """Open the file. Raises RequestRefusedError if it can't be read."""
    try:
        with open(path, "rb", opener=open_regular_file) as file:
            yield file
    except OSError as error:
        raise RequestRefusedError(f"{path} can't be read: {error.strerror or error}") from error


def verify_backup(path: Path, identity: x25519.Identity, *, progress: Progress = lambda _: None) -> Verified:
    """Read the whole file, and compare every checksum and number of rows. `progress` counts encrypted bytes.

    Raises BackupKeyError, BackupDamagedError, and RequestRefusedError for the format of another version.
    """
    for _ in (reading := BackupReading(path, identity, progress=progress)).members():
        pass
    return reading.verified


class BackupReading:
    """One pass over a backup. `verified` is there once all members have been taken."""

    about: About
    verified: Verified

    def __init__(self, path: Path, identity: x25519.Identity, *, progress: Progress = lambda _: None) -> None:
        self._path = path
        self._identity = identity
        self._progress = progress
        self._counts: dict[str, _Count] = {}

    def members(self) -> Iterator[Member]:
        """Yield the parts of tables and the evidence. Raises as `verify_backup`, at the end at the latest."""
        manifest: Manifest | None = None
        with open_backup(self._path) as file:
            told = _Told(file, self._progress)
            with decrypt(told, self._identity) as stream:
                for number, (name, content) in enumerate(_read_members(stream)):
                    if number == 0:
                        self.about = _parse_about(name, content)
                    elif manifest is not None:
                        raise BackupDamagedError(f"the backup is damaged: {name} is behind its end")
                    elif name == MANIFEST:
                        manifest = _parse(Manifest, content, name)
                    else:
                        self._count(name, content)
                        yield name, content
        if manifest is None:
            raise BackupDamagedError("the backup is damaged: it has no list of what is in it")
        self._compare(manifest)
        self.verified = Verified(self.about, manifest)

    def _count(self, name: str, content: bytes) -> None:
        folder, _, rest = name.partition("/")
        if folder not in {TABLES, EVIDENCE} or not rest:
            raise BackupDamagedError(f"the backup is damaged: nothing is known of {name[:80]!r}")
        of = f"{folder}/{rest.partition('/')[0]}" if folder == TABLES else name
        self._counts.setdefault(of, _Count()).add(content)

    def _compare(self, manifest: Manifest) -> None:
        for table in manifest.tables:
            found = self._counts.pop(f"{TABLES}/{table.name}", _Count())
            if (found.rows, found.digest.hexdigest()) != (table.rows, table.sha256):
                raise BackupDamagedError(
                    f"the backup is damaged: table {table.name} has {found.rows} rows of {table.rows}, or "
                    "other ones"
                )
        for each in manifest.evidence:
            found = self._counts.pop(f"{EVIDENCE}/{each.name}", _Count())
            if found.digest.hexdigest() != each.sha256:
                raise BackupDamagedError(f"the backup is damaged: {each.name} is another file")
        if self._counts:
            raise BackupDamagedError(f"the backup is damaged: {min(self._counts)} is not in its list")


class _Told(BufferedIOBase):
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self._file = file
        self._progress = progress

    def read(self, size: int | None = -1, /) -> bytes:
        content = self._file.read(-1 if size is None else size)
        self._progress(len(content))
        return content


def _read_members(stream: BinaryIO) -> Iterator[Member]:
    try:
        with gzip.GzipFile(fileobj=stream) as unzipped, tarfile.open(fileobj=unzipped, mode="r|") as tar:
            for entry in tar:
                if not entry.isreg() or entry.size > _MOST_BYTES:
                    raise BackupDamagedError(
                        f"the backup is damaged: {entry.name[:80]!r} isn't a part of one"
                    )
                file = tar.extractfile(entry)
                yield entry.name, file.read() if file is not None else b""
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise BackupDamagedError(f"the backup is damaged: {type(error).__name__}") from None


def _parse_about(name: str, content: bytes) -> About:
    if name != ABOUT:
        raise BackupDamagedError("the backup is damaged: it doesn't begin with what it is")
    try:
        return About.model_validate_json(content)
    except ValidationError as error:
        if any(each["loc"] == ("format",) for each in error.errors(include_input=False)):
            raise RequestRefusedError(
                f"this backup has another format than {FORMAT}: use the version of Rapport that made it, or "
                "a newer one"
            ) from None
        raise BackupDamagedError(f"the backup is damaged: {ABOUT} isn't as it should be") from None


def _parse(model: type[M], content: bytes, name: str) -> M:
    try:
        return model.model_validate_json(content)
    except ValidationError:
        raise BackupDamagedError(f"the backup is damaged: {name} isn't as it should be") from None
