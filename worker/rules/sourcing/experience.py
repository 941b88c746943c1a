"""Work experience, from the dates of positions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from worker.rules.sourcing.profile import Position

_MONTHS_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Experience:
    """Months in at least one position. `at_least`: a position without dates may add to them."""

    months: int
    at_least: bool

    @property
    def years(self) -> int:
        """Whole years."""
        return self.months // _MONTHS_A_YEAR


def measure_experience(positions: Iterable[Position], today: date) -> Experience:
    """Return the experience up to `today`.

    Overlapping months count once, gaps don't count, and a position's last month counts, as profiles count it.
    A position that starts in the future, or ends before it starts, counts nothing.
    """
    listed = tuple(positions)
    this_month = _month(today)
    spans = sorted(
        (_month(job.started_on), min(_month(job.ended_on or today), this_month) + 1)
        for job in listed
        if job.started_on is not None
    )
    months, counted_to = 0, 0
    for begin, end in spans:
        months += max(0, end - max(begin, counted_to))
        counted_to = max(counted_to, end)
    return Experience(months, at_least=len(spans) < len(listed))


def _month(day: date) -> int:
    return day.year * _MONTHS_A_YEAR + day.month - 1
