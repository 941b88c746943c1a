"""A heat map of a year: weeks are columns, weekdays rows, and a cell grows with its count."""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

STEP: Final = 12
"""Pixels from one cell to the next."""
LEVELS: Final = 4
"""How many sizes there are besides that of an empty cell."""

_SIZES: Final = (3, 5, 7, 9, 11)


@dataclass(frozen=True, slots=True)
class Cell:
    """One day, with its corner and size in pixels. `level` is 0 for nothing, and LEVELS for the most."""

    day: date
    count: int
    level: int
    x: float
    y: float
    size: int


@dataclass(frozen=True, slots=True)
class Month:
    """One month: its first day, its cells, and its sum. `busiest` is its first day with the most, if any."""

    first: date
    cells: Sequence[Cell]
    width: int
    total: int
    busiest: Cell | None

    @property
    def height(self) -> int:
        """The height in pixels: seven weekdays."""
        return 7 * STEP


def draw_year(year: int, counts: Mapping[date, int]) -> Sequence[Month]:
    """Return the twelve months of a year; `counts` may lack days, and days of other years are ignored."""
    most = max((count for day, count in counts.items() if day.year == year), default=0)
    return [_draw_month(year, month, counts, most) for month in range(1, 13)]


def _draw_month(year: int, month: int, counts: Mapping[date, int], most: int) -> Month:
    first = date(year, month, 1)
    days = calendar.monthrange(year, month)[1]
    cells = [_draw_cell(first, first + timedelta(days=number), counts, most) for number in range(days)]
    columns = (first.weekday() + days - 1) // 7 + 1
    busiest = max(cells, key=lambda cell: cell.count)
    return Month(
        first=first,
        cells=cells,
        width=columns * STEP,
        total=sum(cell.count for cell in cells),
        busiest=busiest if busiest.count else None,
    )


def _draw_cell(first: date, day: date, counts: Mapping[date, int], most: int) -> Cell:
    count = counts.get(day, 0)
    level = find_level(count, most)
    place = first.weekday() + day.day - 1
    margin = (STEP - _SIZES[level]) / 2
    return Cell(day, count, level, place // 7 * STEP + margin, place % 7 * STEP + margin, _SIZES[level])


def find_level(count: int, most: int) -> int:
    """Return the level of a count: 0 only for nothing, LEVELS for the most, in equal steps between."""
    return -(-LEVELS * count // most) if count > 0 else 0
