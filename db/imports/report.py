"""What came of an import, counted entry by entry, with the first of those that were refused."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any, Final

from db.imports.entries import RefusedEntry

MAX_LISTED: Final = 100
"""Refused entries that the report names by line; all are counted."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`read` = `new` + `changed` + `same` + `repeated` + `doubts` + `refused` + `forgotten`.

    `new` and `changed` are people; `repeated` are further entries of people whom the file had already;
    `forgotten` are entries of people who asked for it, who are passed over. `refusals` are the first refused
    entries; `differing` counts birthdays that are known otherwise and stay, `differing_lines` are the first.
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
        """Return what is kept in imports.report."""
        counts = ("read", "new", "changed", "same", "repeated", "doubts", "refused", "forgotten", "differing")
        return {
            **{name: getattr(self, name) for name in counts},
            "refusals": [{"line": refused.line, "reason": refused.reason} for refused in self.refusals],
            "differing_lines": list(self.differing_lines),
        }


@dataclass(slots=True)
class RefusalLog:
    """The refused entries of one import: all counted, the first kept."""

    count: int = 0
    first: list[RefusedEntry] = field(default_factory=list)

    def add(self, refused: RefusedEntry) -> None:
        """Count one; entries come in the order of the file."""
        self.count += 1
        if len(self.first) < MAX_LISTED:
            self.first.append(refused)

    def and_those(self, count: int, first: Iterator[RefusedEntry]) -> None:
        """Count those that were found when all were read; `first` are the first KEPT of them."""
        self.count += count
        self.first = nsmallest(MAX_LISTED, [*self.first, *first], key=lambda refused: refused.line)
