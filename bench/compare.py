"""What got worse, and what got better, between two runs, in words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.figures import find_figure, is_more_better, meets_target
from bench.report import Row
from bench.results import Results

NOISE: Final = 0.10
"""Changes of up to a tenth are not told: two runs of the same code differ by as much on a quiet machine."""
_LOAD: Final = re.compile(r"^(?P<cores>\d+) cores.* a load of (?P<load>[\d.]+) before$")
_BUSY: Final = 2.0
"""A machine with a greater load for each core is busy with more than the bench before left."""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure of two runs. `worse_by` is a share of the old one, negative if it is better."""

    bench: str
    old: Row
    new: Row
    worse_by: float

    def __str__(self) -> str:
        verdict = "worse" if self.worse_by > 0 else "better"
        words = f"{self.bench}: {self.new.what}: was {_show(self.old)}, is {_show(self.new)}, "
        words += f"{abs(self.worse_by):.0%} {verdict}"
        if meets_target(self.new) is False:
            verb = "is missed now" if meets_target(self.old) else "is still missed"
            words += f"; its target of {self.new.target} {verb}"
        return words


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs by more than `NOISE`, the worst change first, and how many figures don't.

    `single`: figures that only one of the runs has. `busy`: benches with other work on the machine.
    """

    changes: Sequence[Change]
    same: int
    single: int
    busy: Sequence[str]

    @property
    def worse(self) -> Sequence[Change]:
        """What got worse."""
        return [change for change in self.changes if change.worse_by > 0]

    @property
    def better(self) -> Sequence[Change]:
        """What got better, the greatest change first."""
        return [change for change in reversed(self.changes) if change.worse_by < 0]


def compare_results(old: Results, new: Results) -> Comparison:
    """Compare the figures that both runs have."""
    before, after = (
        {(table.name, row.what): row for table in results.tables for row in table.all_rows}
        for results in (old, new)
    )
    both = [
        Change(name, before[name, what], row, _measure_change(before[name, what], row))
        for (name, what), row in after.items()
        if (name, what) in before
    ]
    changes = [change for change in both if abs(change.worse_by) > NOISE]
    common = {table.name for table in old.tables} & {table.name for table in new.tables}
    busy = {
        table.name
        for table in (*old.tables, *new.tables)
        if table.name in common and _was_busy(table.machine)
    }
    return Comparison(
        sorted(changes, key=lambda change: -change.worse_by),
        len(both) - len(changes),
        len(before) + len(after) - 2 * len(both),
        sorted(busy),
    )


def describe_comparison(found: Comparison) -> Iterator[str]:
    """Yield the paragraphs that say what a comparison has found."""
    for title, changes in (("Worse", found.worse), ("Better", found.better)):
        if changes:
            yield f"{title} ({len(changes)}):"
            yield from (f"- {change}" for change in changes)
    if found.changes:
        yield f"Others, by at most a tenth: {found.same}."
    else:
        yield f"Nothing changed by more than a tenth (figures compared: {found.same})."
    if found.single:
        yield f"Figures in only one of the two runs: {found.single}."
    if found.busy:
        yield (
            "The machine had other work before these benches, in one of the runs or both, so their figures "
            f"say little: {'; '.join(found.busy)}."
        )


def _was_busy(machine: str) -> bool:
    found = _LOAD.search(machine)
    return found is not None and float(found["load"]) > _BUSY * float(found["cores"])


def _measure_change(old: Row, new: Row) -> float:
    """Return by how much of the old figure the new one is worse, negative if it is better."""
    was, now = find_figure(old), find_figure(new)
    if was is None or now is None or was == now:
        return 0.0
    worse, better = (was, now) if is_more_better(new) else (now, was)
    return worse / better - 1 if better else 1.0


def _show(row: Row) -> str:
    return f"{row.measured} ({row.ratio})" if row.ratio else row.measured
