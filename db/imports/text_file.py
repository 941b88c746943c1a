"""Text files: detect the encoding, and read line by line in bounded memory."""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from db.imports.archive import ArchiveMember, open_bytes
from worker.errors import RequestRefusedError

MAX_LINE_CHARS: Final = 1 << 20
"""The rest of a longer line is dropped, and the line is marked as cut."""

_CHUNK: Final = 1 << 20
_READ_CHARS: Final = 1 << 18
"""At most a MiB of the file."""
_LINE_END: Final = re.compile(r"\n|\r\n|\r(?!\Z)")
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
        number = 0
        for block, cut in self._read_blocks():
            for text in io.StringIO(block, newline=""):
                number += 1
                yield Line(number, text, cut)

    def list_texts(self, after: int, cut: list[int]) -> Iterator[str]:
        """Yield the texts of the lines after line `after`: less work than a Line for each.

        In place of a line that is cut, yields a dash, since its beginning could open a quotation that never
        closes, and puts its number into `cut`.
        """
        number = 0
        for block, is_cut in self._read_blocks():
            for text in io.StringIO(block, newline=""):
                number += 1
                if is_cut:
                    cut[:] = [number]
                if number > after:
                    yield "-\n" if is_cut else text

    def _read_blocks(self) -> Iterator[tuple[str, bool]]:
        """Yield texts of one or more whole lines. With True, it is the beginning of a line that is cut."""
        with (
            open_bytes(self._path) as raw,
            io.TextIOWrapper(io.BufferedReader(raw, _CHUNK), self._encoding, newline="") as text,
        ):
            rest, is_cut = text.read(1).removeprefix("\ufeff"), False
            while read := text.read(min(_READ_CHARS, MAX_LINE_CHARS - len(rest))):
                self._note_position(raw)
                block = rest + read
                if is_cut:
                    end = _find_first_end(block)
                    is_cut, rest = end == 0, block[end:] if end else block[-1:]
                    continue
                end = _find_last_end(block)
                if end == 0 and len(block) == MAX_LINE_CHARS:
                    is_cut = not block.endswith("\r")
                    yield block, is_cut
                    rest = ""
                    continue
                if end:
                    yield block[:end], False
                rest = block[end:]
            if rest and not is_cut:
                yield rest, False
            self._note_position(raw)

    def _note_position(self, raw: io.RawIOBase) -> None:
        position = raw.tell()
        if position != self.bytes_read:
            self.bytes_read = position
            self._on_chunk()


def _find_first_end(block: str) -> int:
    """Return where the second line begins, or 0. A CR at the end may be followed by an LF."""
    found = _LINE_END.search(block)
    return found.end() if found else 0


def _find_last_end(block: str) -> int:
    """Return where the last line begins, or 0 for one line. A CR at the end may be followed by an LF."""
    return block.rfind("\n") + 1 or block.rfind("\r", 0, -1) + 1


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
