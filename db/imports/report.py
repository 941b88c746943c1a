"""The report of an import: counts of entries, and the first refused ones."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any, Final

from db.imports.entries import RefusedEntry

MAX_LISTED: Final = 100
"""Refused entries listed by line; all are counted."""


_LINES_OF_GROUP: Final = 5
_MAX_GROUPS: Final = 50
_OTHER_REASONS: Final = "other reasons"
_VALUES: Final = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")
"""What differs between refusals of one kind: quoted values and numbers."""


@dataclass(slots=True)
class RefusalGroup:
    """Entries refused for one reason: how many, and the first lines. `reason` is that of the first entry."""

    reason: str
    count: int = 0
    lines: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Counts of one import: `read` is the sum of the next seven.

    `new` and `changed` are people; `repeated` are further entries of the same people; `forgotten` are skipped
    entries of people with a tombstone. `refusals` are the first MAX_LISTED refused entries, `groups` all of
    them by reason, the largest first; `elsewhere` counts entries with an address of another site. `differing`
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
    groups: tuple[RefusalGroup, ...] = ()
    elsewhere: tuple[tuple[str, int], ...] = ()
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
    """The refused entries of one import: counts all, in total and by reason, and keeps the first."""

    count: int = 0
    first: list[RefusedEntry] = field(default_factory=list)
    elsewhere: Counter[str] = field(default_factory=Counter)
    """Entries without an address of the account's site, but with one of another, by that site."""
    _groups: dict[str, RefusalGroup] = field(default_factory=dict)

    @property
    def groups(self) -> tuple[RefusalGroup, ...]:
        """The refusals by reason, the largest group first."""
        return tuple(sorted(self._groups.values(), key=lambda group: (-group.count, group.lines)))

    def add(self, refused: RefusedEntry) -> None:
        """Add one entry. Call in the order of the file."""
        self.count += 1
        if len(self.first) < MAX_LISTED:
            self.first.append(refused)
        self._add_to_group(refused.reason, 1, [refused.line])

    def add_later(self, groups: Sequence[RefusalGroup], first: Iterator[RefusedEntry]) -> None:
        """Add entries refused after reading, by reason; `first` are the first MAX_LISTED of them."""
        self.count += sum(group.count for group in groups)
        self.first = nsmallest(MAX_LISTED, [*self.first, *first], key=lambda refused: refused.line)
        for group in groups:
            self._add_to_group(group.reason, group.count, group.lines)

    def _add_to_group(self, reason: str, count: int, lines: Sequence[int]) -> None:
        key = _VALUES.sub("", reason)
        if key not in self._groups and len(self._groups) >= _MAX_GROUPS:
            key = reason = _OTHER_REASONS
        group = self._groups.setdefault(key, RefusalGroup(reason))
        group.count += count
        group.lines.extend(lines[: _LINES_OF_GROUP - len(group.lines)])
