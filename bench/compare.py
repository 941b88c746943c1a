"""What got slower, and what got faster, between two runs."""

from collections.abc import Iterator
from typing import Final

from bench.figures import find_figure, is_more_better
from bench.report import Row
from bench.results import Results

NOISE: Final = 0.10
"""Changes of up to a tenth are not told: two runs of the same code differ by as much on a quiet machine."""


def compare_results(old: Results, new: Results) -> Iterator[Row]:
    """Yield the figures that both runs have and that differ by more than `NOISE`, the worst change first."""
    before = {(table.name, row.what): row for table in old.tables for row in table.all_rows}
    changes = [
        (_change(earlier, row), table.name, earlier, row)
        for table in new.tables
        for row in table.all_rows
        if (earlier := before.get((table.name, row.what))) is not None
    ]
    for change, name, earlier, row in sorted(changes, key=lambda each: -each[0]):
        if abs(change) > NOISE:
            verdict = "worse" if change > 0 else "better"
            yield Row(
                f"{name}: {row.what}",
                _shown(row),
                _shown(earlier),
                f"{abs(change):.0%} {verdict}",
                row.target,
            )


def _change(old: Row, new: Row) -> float:
    """Return by how much of the old figure the new one is worse, negative if it is better."""
    was, now = find_figure(old), find_figure(new)
    if was is None or now is None or was == now:
        return 0.0
    worse, better = (was, now) if is_more_better(new) else (now, was)
    return worse / better - 1 if better else 1.0


def _shown(row: Row) -> str:
    return f"{row.measured} ({row.ratio})" if row.ratio else row.measured
