"""The shared syntax of vCard and iCalendar: entries between BEGIN and END, with folded lines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from db.imports.entries import RefusedEntry
from db.imports.text_file import Lines

_MAX_ENTRY_CHARS: Final = 1 << 18
"""Counts only the properties that are read, so not a photograph."""
_PROPERTY: Final = re.compile(r"(?:[\w-]+\.)?([A-Za-z][\w-]*)")


@dataclass(slots=True)
class Block:
    """One entry from BEGIN to END with its wanted properties. `line` is the line of its BEGIN."""

    line: int
    texts: list[str] = field(default_factory=list)
    size: int = 0

    @property
    def text(self) -> str:
        """The entry's text, for the parsing library."""
        return "".join(self.texts)

    def add(self, text: str) -> None:
        """Add a line; beyond the maximum only the size is counted."""
        self.size += len(text)
        if self.size <= _MAX_ENTRY_CHARS:
            self.texts.append(f"{text}\n")


def read_blocks(lines: Lines, name: str, wanted: frozenset[str]) -> Iterator[Block | RefusedEntry]:
    """Yield each `name` component (VCARD, VEVENT) with its `wanted` properties.

    An unclosed one is refused at the line where it begins. Nested components are left out.
    """
    begin, end = f"BEGIN:{name}", f"END:{name}"
    block: Block | None = None
    inside, taking = 0, False
    for line in lines:
        text = line.text.rstrip("\r\n")
        mark = text.strip().upper()
        if mark == begin:
            if block is not None:
                yield RefusedEntry(block.line, f"the {name} that begins here never ends")
            block, inside, taking = Block(line.number), 0, False
            block.add(begin)
        elif block is None:
            continue
        elif mark == end:
            block.add(end)
            yield _check_length(block, name)
            block = None
        elif mark.startswith(("BEGIN:", "END:")):
            inside = max(0, inside + (1 if mark.startswith("BEGIN:") else -1))
            taking = False
        else:
            taking = inside == 0 and _is_wanted(text, wanted, follows_wanted=taking, block=block)
            if taking and line.cut:
                block.size = _MAX_ENTRY_CHARS + 1
            elif taking:
                block.add(text)
    if block is not None:
        yield RefusedEntry(block.line, f"the {name} that begins here never ends")


def _check_length(block: Block, name: str) -> Block | RefusedEntry:
    if block.size > _MAX_ENTRY_CHARS:
        return RefusedEntry(block.line, f"the {name} is longer than {_MAX_ENTRY_CHARS} characters")
    return block


def _is_wanted(text: str, wanted: frozenset[str], *, follows_wanted: bool, block: Block) -> bool:
    """Return whether this line begins a wanted property or continues one."""
    if text[:1] in {" ", "\t"}:
        return follows_wanted
    last = block.texts[-1] if block.texts else ""
    if follows_wanted and last.endswith("=\n") and "QUOTED-PRINTABLE" in last.upper():
        return True
    match = _PROPERTY.match(text)
    return match is not None and match[1].upper() in wanted
