"""The report of an import: counts of entries, and the first refused ones."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any, Final

from db.imports.entries import RefusedEntry, SkippedEntry

MAX_LISTED: Final = 100
"""Refused entries listed by line; all are counted."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Counts of one import: `read` is the sum of the next eight.

    `new` and `changed` are people; `repeated` are further entries of the same people; `forgotten` are skipped
    entries of people with a tombstone. `refusals` are the first MAX_LISTED refused entries. `differing`
    counts birthdays that differ from the stored one, which stays; `differing_lines` are the first of these.
    `skipped` counts entries that are no person with a birthday, by what they are. `lost` counts values, such
    as a birthday, that were left out of an entry; `losses` are the first of these. `asked`
    counts birthdays of known people that may be one of several days, `died` the people who are not to be
    contacted since. `unused` has the number of values of each column or property that was not used.
    """

    read: int
    new: int
    changed: int
    same: int
    repeated: int
    doubts: int
    refused: int
    forgotten: int
    skipped: Mapping[str, int] = field(default_factory=dict)
    refusals: tuple[RefusedEntry, ...] = ()
    differing: int = 0
    differing_lines: tuple[int, ...] = ()
    lost: int = 0
    losses: tuple[RefusedEntry, ...] = ()
    asked: int = 0
    died: int = 0
    unused: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> Mapping[str, Any]:
        """Return the report as JSON for imports.report."""
        counts = ("read", "new", "changed", "same", "repeated", "doubts", "refused", "forgotten", "differing",
                  "lost", "asked", "died")  # fmt: skip
        return {
            **{name: getattr(self, name) for name in counts},
            "refusals": [{"line": refused.line, "reason": refused.reason} for refused in self.refusals],
            "differing_lines": list(self.differing_lines),
            "losses": [{"line": loss.line, "reason": loss.reason} for loss in self.losses],
            "skipped": dict(self.skipped),
            "unused": dict(self.unused),
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


@dataclass(slots=True)
class SkipLog:
    """The entries of one import that were rightly passed over, counted by what they are."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, skipped: SkippedEntry) -> None:
        """Count one entry."""
        self.counts[skipped.reason] += 1


@dataclass(frozen=True, slots=True)
class EntryLogs:
    """What was noted while the entries were read. `lost`: values that were left out, with line and reason."""

    refused: RefusalLog = field(default_factory=RefusalLog)
    lost: RefusalLog = field(default_factory=RefusalLog)
    skipped: SkipLog = field(default_factory=SkipLog)
