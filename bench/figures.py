"""Rows as numbers: what was measured, its unit, and how far it is from its target."""

import re
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
    """A bound of a figure, in its unit; `is_least` if the figure should be at least as much."""

    bound: float
    unit: str
    is_least: bool


def find_target(row: Row) -> Target | None:
    """Return the row's target, None if it has none."""
    found = _TARGET.fullmatch(row.target.strip())
    number = _NUMBER.search(found["rest"]) if found else None
    if found is None or number is None:
        return None
    return Target(_value(number["number"]), number["unit"], (found["sign"] or "").startswith(">"))


def find_figure(row: Row) -> float | None:
    """Return the number that the row's target is about, its ratio if the target has no unit.

    Without a target it is the ratio too, or else a rate, or the first number that has a unit, or the first of
    all; None if there is none.
    """
    target = find_target(row)
    if target is not None and target.unit:
        of_unit = [each for each in _NUMBER.finditer(row.measured) if each["unit"] == target.unit]
        return _value(of_unit[0]["number"]) if of_unit else None
    number = _NUMBER.search(row.ratio) or _find_measured(row.measured)
    return _value(number["number"]) if number else None


def _find_measured(measured: str) -> re.Match[str] | None:
    numbers = list(_NUMBER.finditer(measured))
    rates = (each for each in numbers if _MORE_IS_BETTER.match(measured, each.start("unit")))
    with_units = (each for each in numbers if each["unit"] in _UNITS)
    return next(chain(rates, with_units, numbers), None)


def is_more_better(row: Row) -> bool:
    """Tell whether a higher figure of this row is the better one: its target or its unit says so."""
    target = find_target(row)
    if target is not None:
        return target.is_least
    return not row.ratio and bool(_MORE_IS_BETTER.search(row.measured))


def meets_target(row: Row) -> bool | None:
    """Tell whether the row's figure meets its target; None if it has no target or no figure."""
    target, figure = find_target(row), find_figure(row)
    if target is None or figure is None:
        return None
    return figure >= target.bound if target.is_least else figure <= target.bound


def _value(number: str) -> float:
    return float(number.replace(",", ""))
