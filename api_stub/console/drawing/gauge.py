"""A gauge: how much of a window is used, reserved and left."""

from dataclasses import dataclass
from typing import Final

_WHOLE: Final = 100.0
_LEAST: Final = 1.5
"""The first unit used is visible, and so is the last one left."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A gauge's parts from left to right, each with its width in percent; what remains is left."""

    used: float
    reserved: float
    is_full: bool


def draw_gauge(*, used: int, reserved: int, left: int) -> Gauge:
    """Return the gauge of a window. It is full too if nothing is used because nothing is allowed."""
    if left == 0 and reserved == 0:
        return Gauge(_WHOLE, 0.0, is_full=True)
    whole = used + reserved + left
    used_width = _share(used, whole)
    return Gauge(used_width, min(_share(reserved, whole), _WHOLE - used_width), is_full=left == 0)


def _share(part: int, whole: int) -> float:
    """Return a part in percent; one that is neither nothing nor all is never drawn as nothing or all."""
    if part in {0, whole}:
        return _WHOLE if part else 0.0
    return round(min(max(_WHOLE * part / whole, _LEAST), _WHOLE - _LEAST), 2)
