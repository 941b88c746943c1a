"""The report of an import: counts of entries, and the first refused ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any, Final

from db.imports.entries import RefusedEntry

MAX_LISTED: Final = 100
"""Refused entries listed by line; all are counted."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Counts of one import: `read` is the sum of the next seven.

    `new` and `changed` are people; `repeated` are further entries of the same people; `forgotten` are skipped
    entries of people with a tombstone. `refusals` are the first MAX_LISTED refused entries. `differing`
    counts birthdays that differ from the stored one, which stays; `differing_lines` are the first of these.
    """

    read: int
    new: int
    changed: int
    same: int
    repeated: int
    doubts: int
    refused: int
    forgotten: int
    refusals: tuple[RefusedEntry, ...] = ()
    differing: int = 0
    differing_lines: tuple[int, ...] = ()

    def as_json(self) -> Mapping[str, Any]:
        """Return the report as JSON for imports.report."""
        counts = ("read", "new", "changed", "same", "repeated", "doubts", "refused", "forgotten", "differing")
        return {
            **{name: getattr(self, name) for name in counts},
            "refusals": [{"line": refused.line, "reason": refused.reason} for refused in self.refusals],
            "differing_lines": list(self.differing_lines),
        }


@dataclass(slots=True)
class RefusalLog:
    """The refused entries of one import: counts all, keeps the first."""

    count: int = 0
    first: list[RefusedEntry] = field(default_factory=list)

    def add(self, refused: RefusedEntry) -> None:
        """Add one entry. Call in the order of the file."""
        self.count += 1
        if len(self.first) < MAX_LISTED:
            self.first.append(refused)

    def add_later(self, count: int, first: Iterator[RefusedEntry]) -> None:
        """Add `count` entries refused after reading; `first` are the first MAX_LISTED of them."""
        self.count += count
        self.first = nsmallest(MAX_LISTED, [*self.first, *first], key=lambda refused: refused.line)
