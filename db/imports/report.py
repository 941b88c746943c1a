"""The report of an import: counts of entries, and the first refused ones."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any, Final

from db.imports.entries import RefusedEntry, SkippedEntry

MAX_LISTED: Final = 100
"""Refused entries listed by line; all are counted."""


_LINES_OF_GROUP: Final = 5
_LOSSES_OF_GROUP: Final = 20
"""More than of refusals, since each value is another one to mend."""
_MAX_GROUPS: Final = 50
_OTHER_REASONS: Final = "other reasons"
_QUOTED: Final = re.compile(r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"")
_VALUES: Final = re.compile(rf"{_QUOTED.pattern}|\d+")
"""What differs between refusals of one kind: quoted values and numbers."""


@dataclass(slots=True)
class RefusalGroup:
    """Entries refused for one reason: how many, and the first lines. `reason` is that of the first entry.

    `values` are what the reasons of these lines quote, with the quotation marks, or empty texts.
    """

    reason: str
    count: int = 0
    lines: list[int] = field(default_factory=list)
    values: list[str] = field(default_factory=list)

    def keep_lines(self, present: Collection[int]) -> None:
        """Drop the other lines and what they hold; they were counted, but are people to be forgotten."""
        kept = [place for place, line in enumerate(self.lines) if line in present]
        self.count -= len(self.lines) - len(kept)
        if self.values and self.values[0]:
            first = self.values[kept[0]] if kept else "…"
            self.reason = self.reason.replace(self.values[0], first, 1)
        self.lines = [self.lines[place] for place in kept]
        self.values = [self.values[place] for place in kept]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Counts of one import: `read` is the sum of the next eight.

    `new` and `changed` are people; `repeated` are further entries of the same people; `forgotten` are skipped
    entries of people with a tombstone. `refusals` are the first MAX_LISTED refused entries, `groups` all of
    them by reason, the largest first; `elsewhere` counts entries with an address of another site. `differing`
    counts birthdays that differ from the stored one, which stays; `differing_lines` are the first of these.
    `skipped` counts entries that are no person with a birthday, by what they are. `lost` counts values, such
    as a birthday, that were left out of an entry; `losses` are the first of these, `loss_groups` all of them
    by reason. `asked` counts birthdays of known people that may be one of several days, `died` the people who
    must not be contacted any more. `unused` has the number of values of each column or property that was not
    used. `gone` counts contacts who are no longer in a subscribed source, and `gone_names` are the first of
    them. `maybe_same` counts people of whom another contact may be the same person.
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
    groups: tuple[RefusalGroup, ...] = ()
    elsewhere: tuple[tuple[str, int], ...] = ()
    differing: int = 0
    differing_lines: tuple[int, ...] = ()
    lost: int = 0
    losses: tuple[RefusedEntry, ...] = ()
    loss_groups: tuple[RefusalGroup, ...] = ()
    asked: int = 0
    died: int = 0
    unused: Mapping[str, int] = field(default_factory=dict)
    maybe_same: int = 0
    gone: int = 0
    gone_names: tuple[str, ...] = ()

    @property
    def lines(self) -> frozenset[int]:
        """The lines that the report names by reason, and those with a different birthday."""
        groups = (*self.groups, *self.loss_groups)
        return frozenset(line for group in groups for line in group.lines) | {*self.differing_lines}

    def as_json(self) -> Mapping[str, Any]:
        """Return the report as JSON for imports.report."""
        counts = ("read", "new", "changed", "same", "repeated", "doubts", "refused", "forgotten", "differing",
                  "lost", "asked", "died", "maybe_same", "gone")  # fmt: skip
        return {
            **{name: getattr(self, name) for name in counts},
            "refusals": [{"line": refused.line, "reason": refused.reason} for refused in self.refusals],
            "differing_lines": list(self.differing_lines),
            "losses": [{"line": loss.line, "reason": loss.reason} for loss in self.losses],
            "skipped": dict(self.skipped),
            "unused": dict(self.unused),
            "gone_names": list(self.gone_names),
        }


@dataclass(slots=True)
class RefusalLog:
    """The refused entries of one import: counts all, in total and by reason, and keeps the first."""

    lines_per_group: int = _LINES_OF_GROUP
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
        room = self.lines_per_group - len(group.lines)
        value = _QUOTED.search(reason)
        group.lines.extend(lines[:room])
        group.values.extend([value[0] if value else ""] * len(lines[:room]))


@dataclass(slots=True)
class SkipLog:
    """The entries of one import that were rightly skipped, counted by what they are."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, skipped: SkippedEntry) -> None:
        """Count one entry."""
        self.counts[skipped.reason] += 1


@dataclass(frozen=True, slots=True)
class EntryLogs:
    """What was noted while the entries were read. `lost`: values that were left out, with line and reason."""

    refused: RefusalLog = field(default_factory=RefusalLog)
    lost: RefusalLog = field(default_factory=lambda: RefusalLog(lines_per_group=_LOSSES_OF_GROUP))
    skipped: SkipLog = field(default_factory=SkipLog)
