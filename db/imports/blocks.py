"""The shared syntax of vCard and iCalendar: entries between BEGIN and END, with folded lines."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from db.imports.entries import (
    AnyEntry,
    Entry,
    Person,
    RefusedEntry,
    SkippedEntry,
    SkippedEntryError,
    UnreadableEntryError,
)
from db.imports.text_file import Line, Lines

_MAX_ENTRY_CHARS: Final = 1 << 18
"""Counts only the properties that are read, so not a photograph."""
_MAX_UNUSED_NAMES: Final = 200
_LONGEST_MARK: Final = 40
"""BEGIN and END with the name of a component, which a few programs indent."""
_PROPERTY: Final = re.compile(r"\s{0,2}(?:[\w-]+\.)?([A-Za-z][\w-]*)\s*[;:]")


@dataclass(slots=True)
class Block:
    """One entry from BEGIN to END with its wanted properties. `line` is the line of its BEGIN."""

    line: int
    texts: list[str] = field(default_factory=list)
    size: int = 0

    @property
    def text(self) -> str:
        """The entry's text, for the parsing library."""
        return "".join(f"{text}\n" for text in self.texts)

    def add(self, text: str) -> None:
        """Add a line; beyond the maximum only the size is counted."""
        self.size += len(text)
        if self.size <= _MAX_ENTRY_CHARS:
            self.texts.append(text)


@dataclass(slots=True)
class BlockReader:
    """Reads each `name` component (VCARD, VEVENT) with its `wanted` properties, without nested components.

    `unused` counts the non-empty values of other properties. `outside` is called with each line that is in no
    such component.
    """

    name: str
    wanted: Callable[[str], bool]
    unused: Counter[str]
    outside: Callable[[str], None] = lambda _: None
    _block: Block | None = None
    _depth: int = 0
    _taking: bool = False
    _goes_on: bool = False
    """The next line continues a quoted-printable value."""

    def read(self, lines: Lines) -> Iterator[Block | RefusedEntry]:
        """Yield the components. An unclosed one is refused at the line where it begins."""
        begin, end = f"BEGIN:{self.name}", f"END:{self.name}"
        for line in lines:
            if not self._taking and len(line.text) > _LONGEST_MARK and line.text[:1] in {" ", "\t"}:
                continue  # a photograph: most of a file
            text = line.text.rstrip("\r\n")
            mark = text.strip().upper() if len(text) <= _LONGEST_MARK else ""
            if mark == begin:
                if self._block is not None:
                    yield self._refuse_unclosed(self._block)
                self._block, self._depth, self._taking, self._goes_on = Block(line.number), 0, False, False
                self._block.add(begin)
            elif self._block is None:
                self.outside(text)
            elif mark == end:
                self._block.add(end)
                yield _check_length(self._block, self.name)
                self._block = None
            elif mark.startswith(("BEGIN:", "END:")):
                self._depth = max(0, self._depth + (1 if mark.startswith("BEGIN:") else -1))
                self._taking = False
            elif self._depth == 0:
                self._add(self._block, text, line)
        if self._block is not None:
            yield self._refuse_unclosed(self._block)

    def _refuse_unclosed(self, block: Block) -> RefusedEntry:
        return RefusedEntry(block.line, f"the {self.name} that begins here never ends")

    def _add(self, block: Block, text: str, line: Line) -> None:
        if not self._goes_on:
            self._taking = self._is_wanted(text)
        if self._taking and line.cut:
            block.size = _MAX_ENTRY_CHARS + 1
        elif self._taking:
            block.add(text)
        is_quoted = self._goes_on or "QUOTED-PRINTABLE" in text.partition(":")[0].upper()
        self._goes_on = is_quoted and text.endswith("=")

    def _is_wanted(self, text: str) -> bool:
        """Return whether this line begins a wanted property or continues one."""
        if text[:1] in {" ", "\t"}:
            return self._taking
        match = _PROPERTY.match(text)
        if match is None:
            return False
        name = match[1].upper()
        if self.wanted(name):
            return True
        if text[match.end() :].strip() and (name in self.unused or len(self.unused) < _MAX_UNUSED_NAMES):
            self.unused[name] += 1
        return False


def _check_length(block: Block, name: str) -> Block | RefusedEntry:
    if block.size > _MAX_ENTRY_CHARS:
        return RefusedEntry(block.line, f"the {name} is longer than {_MAX_ENTRY_CHARS} characters")
    return block


def to_entries(
    blocks: Iterable[Block | RefusedEntry], read_person: Callable[[Block], Person]
) -> Iterator[AnyEntry]:
    """Yield the entry of each block; skipped or refused if `read_person` raises."""
    for block in blocks:
        if isinstance(block, RefusedEntry):
            yield block
            continue
        try:
            yield Entry(block.line, read_person(block))
        except SkippedEntryError as skipped:
            yield SkippedEntry(block.line, str(skipped))
        except UnreadableEntryError as error:
            yield RefusedEntry(block.line, str(error))
