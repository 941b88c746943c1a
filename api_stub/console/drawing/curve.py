"""A curve of steps: a share that changes at the beginning of each week, and today's point on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

HEIGHT: Final = 100.0


@dataclass(frozen=True, slots=True)
class Point:
    """A point, in percent from the left, and in percent from the top."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The corners of the curve, and today's point; None if today is not on it."""

    corners: Sequence[Point]
    today: Point | None

    @property
    def path(self) -> str:
        """The corners as the points of a polyline."""
        return " ".join(f"{point.x:g},{point.y:g}" for point in self.corners)


def draw_steps(shares: Sequence[Fraction], today: Fraction | None) -> Curve:
    """Return the curve of equally long steps with these shares of the whole (0 to 1).

    `today` is how many steps have passed, such as 5/2 in the middle of the third.
    """
    width = Fraction(100, len(shares))
    corners = [
        Point(float(round(edge * width, 2)), _level(share))
        for number, share in enumerate(shares)
        for edge in (number, number + 1)
    ]
    if today is None or not 0 <= today < len(shares):
        return Curve(corners, None)
    return Curve(corners, Point(float(round(today * width, 2)), _level(shares[int(today)])))


def _level(share: Fraction) -> float:
    return float(round(HEIGHT * (1 - share), 2))
