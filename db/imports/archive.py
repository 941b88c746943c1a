"""ZIP archives: their files are read in place, without unpacking, within limits."""

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Final

from worker.errors import RequestRefusedError
from worker.files import open_regular_file

_MAX_MEMBERS: Final = 10_000
_MAX_BYTES: Final = 4 << 30
_MAX_RATIO: Final = 200
"""Text shrinks to a tenth, seldom to a fiftieth; a bomb to a thousandth."""
_RATIO_FROM_BYTES: Final = 16 << 20
"""Smaller files may shrink as much as they like."""
_NESTED: Final = frozenset({".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".zst"})
_ENCRYPTED_FLAG: Final = 0x1
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)
"""What the standard library raises for a damaged archive, or one that it can't unpack."""


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """A file inside a ZIP archive. `size` is in bytes, unpacked, as the archive says."""

    archive: Path
    member: str
    size: int

    @property
    def name(self) -> str:
        """The last part of its path."""
        return PurePosixPath(self.member).name


class _MemberReader(io.RawIOBase):
    """Reads a member. Raises RequestRefusedError if it is damaged.

    zipfile reads no more than the size that the archive says, so a false size can't hide a bomb.
    """

    def __init__(self, file: IO[bytes], member: ArchiveMember) -> None:
        self._file, self._member, self._position = file, member, 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]  # typeshed's WriteableBuffer is private
        try:
            chunk = self._file.read(len(buffer))
        except _BROKEN as error:
            raise _refuse_broken(self._member.archive) from error
        self._position += len(chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)


@contextmanager
def open_bytes(path: Path | ArchiveMember) -> Iterator[io.RawIOBase]:
    """Open a file, or a file inside an archive, for reading."""
    if isinstance(path, Path):
        with open(path, "rb", buffering=0, opener=open_regular_file) as raw:
            yield raw
        return
    with _open_archive(path.archive) as archive:
        try:
            file = archive.open(path.member)
        except (*_BROKEN, KeyError) as error:
            raise _refuse_broken(path.archive) from error
        with file:
            yield _MemberReader(file, path)


def is_archive(path: Path) -> bool:
    """Return whether the file begins as a ZIP archive does. Files of office programs do, too."""
    with open_bytes(path) as raw:
        return (raw.read(4) or b"") in {b"PK\x03\x04", b"PK\x05\x06"}


def list_members(path: Path) -> Sequence[ArchiveMember]:
    """Return the files of an archive that may be text, without those that macOS adds.

    Raises RequestRefusedError for an archive that is damaged or encrypted, holds too much, or names a path
    outside itself. Archives inside it are left out.
    """
    with _open_archive(path) as archive:
        infos = archive.infolist()
    if len(infos) > _MAX_MEMBERS:
        raise RequestRefusedError(
            f"{path.name} has more than {_MAX_MEMBERS} files: take out the one to import"
        )
    for info in infos:
        _check(path, info)
    found = [ArchiveMember(path, info.filename, info.file_size) for info in infos if not info.is_dir()]
    return [
        member
        for member in found
        if not member.name.startswith(".")
        and not member.member.startswith("__MACOSX/")
        and PurePosixPath(member.name.lower()).suffix not in _NESTED
    ]


def has_archives_inside(path: Path) -> bool:
    """Return whether an archive holds another one."""
    with _open_archive(path) as archive:
        return any(PurePosixPath(name.lower()).suffix in _NESTED for name in archive.namelist())


def _check(path: Path, info: zipfile.ZipInfo) -> None:
    """Raise RequestRefusedError for a member that is not safe to read."""
    path_of = PureWindowsPath(info.filename)  # knows both kinds of slashes
    if path_of.drive or path_of.root or ".." in path_of.parts:
        raise RequestRefusedError(f"{path.name} has a path outside itself, so nothing in it was read")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise RequestRefusedError(f"{path.name} has a link in it, so nothing in it was read")
    if info.flag_bits & _ENCRYPTED_FLAG:
        raise RequestRefusedError(
            f"{path.name} is encrypted: unpack it with its password, then import the file in it"
        )
    too_dense = info.file_size > max(_RATIO_FROM_BYTES, _MAX_RATIO * info.compress_size)
    if info.file_size > _MAX_BYTES or too_dense:
        raise RequestRefusedError(
            f"{path.name} would unpack to far more than an export has, so nothing in it was read"
        )


@contextmanager
def _open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with open(path, "rb", opener=open_regular_file) as raw:
        try:
            archive = zipfile.ZipFile(raw)
        except _BROKEN as error:
            raise _refuse_broken(path) from error
        with archive:
            yield archive


def _refuse_broken(path: Path) -> RequestRefusedError:
    return RequestRefusedError(
        f"{path.name} is damaged, or a ZIP archive of a kind that can't be read: unpack it first"
    )
