"""Rows as numbers: what was measured, its unit, and how far it is from its target."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from bench.report import Row

_NUMBER: Final = re.compile(r"(?P<number>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>[^\s\d,;]*)")
_TARGET: Final = re.compile(r"(?P<sign><=|>=|<|>)?\s*(?P<rest>.+)")
_MORE_IS_BETTER: Final = re.compile(r"\b(?:a second|rows/s|people/s|a minute)\b")
_UNITS: Final = frozenset({"µs", "ms", "s", "min", "kB", "MB", "GB", "KiB", "MiB", "GiB"})


@dataclass(frozen=True, slots=True)
class Target:
    """A bound of a figure, as `words` say it; without a unit it is of the ratio.

    `is_least`: the figure should be at least as much.
    """

    words: str
    bound: float
    unit: str
    is_least: bool

    def find_figure(self, row: Row) -> float | None:
        """Return the number of the row that this is about: the first of its unit, or the ratio."""
        if not self.unit:
            return _find_ratio(row)
        of_unit = (each for each in _NUMBER.finditer(row.measured) if each["unit"] == self.unit)
        return next((_value(each["number"]) for each in of_unit), None)

    def is_met_by(self, figure: float) -> bool:
        """Tell whether the figure is within the bound."""
        return figure >= self.bound if self.is_least else figure <= self.bound


def find_targets(row: Row) -> Sequence[Target]:
    """Return the targets of a row, which commas separate; none if it has none."""
    targets = []
    for words in row.target.split(", "):
        found = _TARGET.fullmatch(words.strip())
        number = _NUMBER.search(found["rest"]) if found else None
        if found is not None and number is not None:
            is_least = (found["sign"] or "").startswith(">")
            targets.append(Target(words, _value(number["number"]), number["unit"], is_least))
    return targets


def find_figure(row: Row) -> float | None:
    """Return the number that the row's first target is about.

    Without a target it is the ratio, or else a rate, or the first number that has a unit, or the first of
    all; None if there is none.
    """
    for target in find_targets(row):
        return target.find_figure(row)
    return _find_ratio(row)


def _find_ratio(row: Row) -> float | None:
    """Return the ratio, or without one what was measured."""
    number = _NUMBER.search(row.ratio) or _find_measured(row.measured)
    return _value(number["number"]) if number else None


def _find_measured(measured: str) -> re.Match[str] | None:
    numbers = list(_NUMBER.finditer(measured))
    rates = (each for each in numbers if _MORE_IS_BETTER.match(measured, each.start("unit")))
    with_units = (each for each in numbers if each["unit"] in _UNITS)
    return next(chain(rates, with_units, numbers), None)


def is_more_better(row: Row) -> bool:
    """Tell whether a higher figure of this row is the better one: its target or its unit says so."""
    for target in find_targets(row):
        return target.is_least
    return not row.ratio and bool(_MORE_IS_BETTER.search(row.measured))


def meets_target(row: Row) -> bool | None:
    """Tell whether the row meets all its targets; None if it has none, or no figure for one."""
    found = [(target, target.find_figure(row)) for target in find_targets(row)]
    if not found or any(figure is None for _, figure in found):
        return None
    return all(figure is not None and target.is_met_by(figure) for target, figure in found)


def _value(number: str) -> float:
    return float(number.replace(",", ""))
