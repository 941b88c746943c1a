"""What vCard and iCalendar share: entries between BEGIN and END, properties on folded lines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from db.imports.entries import RefusedEntry
from db.imports.text_file import Lines

_MAX_ENTRY_CHARS: Final = 1 << 18
"""In characters, counting only the properties that are read: a photograph is none of them."""
_PROPERTY: Final = re.compile(r"(?:[\w-]+\.)?([A-Za-z][\w-]*)")


@dataclass(slots=True)
class Block:
    """One entry from its BEGIN to its END, and where it began. Only the wanted properties are in it."""

    line: int
    texts: list[str] = field(default_factory=list)
    size: int = 0

    @property
    def text(self) -> str:
        """The whole entry, as its library wants it."""
        return "".join(self.texts)

    def add(self, text: str) -> None:
        """Add a line; of an entry that is too long only the size is kept."""
        self.size += len(text)
        if self.size <= _MAX_ENTRY_CHARS:
            self.texts.append(f"{text}\n")


def read_blocks(lines: Lines, name: str, wanted: frozenset[str]) -> Iterator[Block | RefusedEntry]:
    """Return each `name` (VCARD, VEVENT) with its `wanted` properties, one at a time.

    One that never ends is refused where it began. What stands within another component of it is left out.
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
            taking = inside == 0 and _is_wanted(text, wanted, goes_on=taking, block=block)
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


def _is_wanted(text: str, wanted: frozenset[str], *, goes_on: bool, block: Block) -> bool:
    """Tell whether this line is of a wanted property: it begins one, or continues the line before."""
    if text[:1] in {" ", "\t"}:
        return goes_on
    last = block.texts[-1] if block.texts else ""
    if goes_on and last.endswith("=\n") and "QUOTED-PRINTABLE" in last.upper():
        return True
    match = _PROPERTY.match(text)
    return match is not None and match[1].upper() in wanted
