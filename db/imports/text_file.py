"""Text files: detect the encoding, and read line by line in bounded memory."""

import codecs
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from db.imports.archive import ArchiveMember, open_bytes
from worker.errors import RequestRefusedError

MAX_LINE_CHARS: Final = 1 << 20
"""The rest of a longer line is dropped, and the line is marked as cut."""

_CHUNK: Final = 1 << 20
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16's, so it is checked first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class UndecodableFileError(RequestRefusedError):
    """A file is not text in any of the encodings that were tried."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its line ending. `cut`: only the first MAX_LINE_CHARS characters of the line."""

    number: int
    text: str
    cut: bool = False


class Lines:
    """Iterates over the lines of a file, in bounded memory. CR, LF and CRLF end a line.

    `on_chunk` is called at least once for each MiB, also where a long stretch holds no entry.
    """

    def __init__(
        self, path: Path | ArchiveMember, encoding: str, on_chunk: Callable[[], None] = lambda: None
    ) -> None:
        self._path, self._encoding, self._on_chunk = path, encoding, on_chunk
        self.bytes_read = 0

    def __iter__(self) -> Iterator[Line]:
        with (
            open_bytes(self._path) as raw,
            io.TextIOWrapper(io.BufferedReader(raw, _CHUNK), self._encoding, newline="") as text,
        ):
            number = 0
            while line := text.readline(MAX_LINE_CHARS):
                number += 1
                cut = len(line) == MAX_LINE_CHARS and not line.endswith(("\r", "\n"))
                yield Line(number, line.removeprefix("\ufeff") if number == 1 else line, cut)
                while cut and (rest := text.readline(MAX_LINE_CHARS)):
                    cut = not rest.endswith(("\r", "\n"))
                    self._note_position(raw)
                self._note_position(raw)

    def _note_position(self, raw: io.RawIOBase) -> None:
        position = raw.tell()
        if position != self.bytes_read:
            self.bytes_read = position
            self._on_chunk()


def detect_encoding(path: Path | ArchiveMember, given: str | None = None) -> str:
    """Return an encoding in which the whole file can be decoded.

    Tries `given`; without it the byte order mark's, else UTF-8, then Windows-1252. Raises
    UndecodableFileError if none fits, and RequestRefusedError if `given` is not a text encoding.
    """
    if given is not None:
        try:
            "".encode(given)
        except (LookupError, UnicodeError):
            raise RequestRefusedError(
                f"{given!r} isn't a text encoding; utf-8, utf-16 and windows-1252 are the usual ones"
            ) from None
        candidates = [given]
    else:
        with open_bytes(path) as file:
            head = file.read(4) or b""
        marked = [name for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)]
        candidates = marked[:1] or ["utf-8", "windows-1252"]
    for encoding in candidates:
        if _is_decodable(path, encoding):
            return encoding
    raise UndecodableFileError(
        f"{path.name} is not text in {' or '.join(candidates)}: name its encoding with --encoding"
    )


def _is_decodable(path: Path | ArchiveMember, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with open_bytes(path) as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True
