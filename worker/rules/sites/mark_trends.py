"""Marks of a site's pages that match less often than before: an early sign of drift."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

LATELY: Final = timedelta(days=2)
"""The days, today included, that are compared with the ones before."""
COMPARED_WITH: Final = timedelta(days=28)

_LEAST_MISSED: Final = 3
"""Looks that found nothing before a mark counts as missing: fewer could be pages that did not load."""
_LEAST_LOOKS: Final = 6
_MOST_MISSED_BEFORE: Final = 0.1
_USUAL: Final = 0.8
_FALLEN_BELOW: Final = 0.5


class Trend(StrEnum):
    """What happened to a mark.

    MISSING: no form of it matches any more. RARER: it is missed in every second look or more. OTHER_FORM: the
    form that used to match is no longer the one that matches most.
    """

    MISSING = "missing"
    RARER = "rarer"
    OTHER_FORM = "other_form"


_TRENDS: Final[Mapping[Trend, str]] = {
    Trend.MISSING: "is not found any more",
    Trend.RARER: "is missed in every second look or more",
    Trend.OTHER_FORM: "is found in another form than before",
}


@dataclass(frozen=True, slots=True)
class MarkLooks:
    """How often each form of a mark matched in a period, and how often none did."""

    matched: Mapping[str, int] = field(default_factory=dict)
    missed: int = 0

    @property
    def matches(self) -> int:
        """How often any form matched."""
        return sum(self.matched.values())

    @property
    def looks(self) -> int:
        """How often the mark was looked for."""
        return self.matches + self.missed


def find_trend(before: MarkLooks, lately: MarkLooks) -> Trend | None:
    """Return how a mark has fallen, None if it has not, or if there were too few looks to say so.

    A mark that never matched has not fallen: `rapport selectors check` finds those.
    """
    if not before.matches:
        return None
    if not lately.matches:
        return Trend.MISSING if lately.missed >= _LEAST_MISSED else None
    if lately.looks < _LEAST_LOOKS:
        return None
    was_there = before.missed <= _MOST_MISSED_BEFORE * before.looks
    if was_there and lately.missed >= _FALLEN_BELOW * lately.looks:
        return Trend.RARER
    usual = max(before.matched, key=lambda version: before.matched[version])
    was_usual = before.matched[usual] >= _USUAL * before.matches
    is_usual = lately.matched.get(usual, 0) >= _FALLEN_BELOW * lately.matches
    return Trend.OTHER_FORM if was_usual and not is_usual else None


def describe_trend(trend: Trend) -> str:
    """Return what happened to an element of a page."""
    return _TRENDS[trend]
