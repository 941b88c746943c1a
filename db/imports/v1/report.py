"""The report of a V1 import: every row of the file is counted once, table by table."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_MAX_LISTED: Final = 5


class Outcome(StrEnum):
    """The outcome of a row; the keys of imports.report."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


@dataclass(slots=True)
class TableCounts:
    """Counts of one table. `why` has the row numbers by reason: refusals, and rows stored in another form."""

    table: str
    is_present: bool
    counts: Counter[Outcome] = field(default_factory=Counter)
    why: dict[str, list[int]] = field(default_factory=dict)

    def note(self, number: int, outcome: Outcome, why: str = "") -> None:
        """Count one row."""
        self.counts[outcome] += 1
        if why:
            self.why.setdefault(why, []).append(number)

    @property
    def read(self) -> int:
        """The number of rows in the file."""
        return self.counts.total()

    @property
    def imported(self) -> int:
        """The number of rows that added or changed something."""
        return self.counts[Outcome.NEW] + self.counts[Outcome.CHANGED]

    def reasons(self) -> Sequence[str]:
        """Return each reason as a text with its count and the first row numbers."""
        return [
            f"{len(numbers)}: {why} (row {', '.join(map(str, numbers[:_MAX_LISTED]))}"
            f"{' …' if len(numbers) > _MAX_LISTED else ''})"
            for why, numbers in self.why.items()
        ]


@dataclass(frozen=True, slots=True)
class V1Report:
    """The import of a V1 file. `uncounted`: messages of the last 7 days that the quota can't count."""

    import_id: int
    tables: Sequence[TableCounts]
    other_tables: Mapping[str, int]
    uncounted: int

    @property
    def brought(self) -> int:
        """The number of rows that added or changed something."""
        return sum(tally.imported for tally in self.tables)

    def as_json(self) -> Mapping[str, Mapping[str, object]]:
        """Return the report as JSON for imports.report: counts and reasons, no texts of people."""
        return {
            tally.table: {
                "read": tally.read,
                **{outcome.value: tally.counts[outcome] for outcome in Outcome},
                "why": {why: len(numbers) for why, numbers in tally.why.items()},
            }
            for tally in self.tables
        }
