"""Columns of stacked parts over time, with a scale of round numbers and a line for a limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import Final

HEIGHT: Final = 140.0
"""Pixels between the scale's zero and its top."""

_FILLED: Final = 0.78
"""The part of its place that a column fills; the rest is the gap to the next."""
_STEPS: Final = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a column, with its distance from the top in pixels."""

    number: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its place in percent, and its parts from the bottom up. Parts of 0 are left out.

    `limit_y` is where its limit is, None without one, or if it is above the scale.
    """

    x: float
    width: float
    parts: Sequence[Part]
    limit_y: float | None

    @property
    def middle(self) -> float:
        """Its middle in percent."""
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the scale."""

    value: int
    y: float


@dataclass(frozen=True, slots=True)
class Columns:
    """The picture: its columns from left to right, and its scale from the bottom up."""

    columns: Sequence[Column]
    ticks: Sequence[Tick]


def draw_columns(values: Sequence[Sequence[int]], limits: Sequence[int] = ()) -> Columns:
    """Return the columns for the parts of each. `limits`, one for each column, may leave the scale.

    The scale holds every column; it holds the highest limit too, unless columns would become flat.
    """
    highest = max((sum(parts) for parts in values), default=0)
    shown = [limit for limit in limits if limit <= 3 * highest]
    step, top = find_scale(max([highest, *shown]))
    place = 100 / max(len(values), 1)
    return Columns(
        columns=[
            Column(
                x=round(number * place + place * (1 - _FILLED) / 2, 2),
                width=round(place * _FILLED, 2),
                parts=_stack(parts, top),
                limit_y=_level(limits[number], top) if limits and limits[number] <= top else None,
            )
            for number, parts in enumerate(values)
        ],
        ticks=[Tick(value, _level(value, top)) for value in range(0, top + 1, step)],
    )


def find_scale(highest: int) -> tuple[int, int]:
    """Return the step and the top of a scale: at most five steps of 1, 2 or 5 times a power of 10."""
    power = 1
    while True:
        for factor in _STEPS:
            step = factor * power
            if step * 5 >= highest:
                return step, step * max(1, ceil(highest / step))
        power *= 10


def _stack(parts: Sequence[int], top: int) -> Sequence[Part]:
    ends = [_level(total, top) for total in accumulate(parts, initial=0)]
    return [
        Part(number, y=ends[number + 1], height=round(ends[number] - ends[number + 1], 2))
        for number, value in enumerate(parts)
        if value
    ]


def _level(value: int, top: int) -> float:
    return round(HEIGHT - HEIGHT * value / top, 2)
