"""Draws time series as an SVG that is legible on a light and on a dark page, and fetches nothing."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from ops.monitoring.dashboards.model import Unit

Points = Sequence[tuple[float, float]]
"""Times in Unix seconds, with values."""

_COLOURS = ("#4c8dc9", "#d98032", "#3f9d62", "#b266b2", "#c85a5a", "#8f8f3d", "#2f9fb0", "#8a8a8a")
_INK, _GRID, _SHADE = "#808080", "#80808040", "#c85a5a2e"
_WIDTH, _HEIGHT, _GAP = 470, 150, 66
_LEFT, _TOP = 52, 30
_MOST_SERIES = len(_COLOURS)
_LETTER = 6.1
"""The usual width of a letter of the legend, in pixels."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time to be shaded in all charts, such as that of a fault."""

    name: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Chart:
    """One panel: named series below a title."""

    title: str
    unit: Unit
    series: Sequence[tuple[str, Points]]


def drop_holes(points: Points) -> Points:
    """Return the points that are numbers: a percentile of no observations is none."""
    return [(at, value) for at, value in points if math.isfinite(value)]


def draw_charts(charts: Sequence[Chart], spans: Sequence[Span], begin: float, end: float) -> str:
    """Return an SVG of all charts, two in a row, over the same time; spans are numbered above them."""
    rows = math.ceil(len(charts) / 2)
    body = [
        line for number, chart in enumerate(charts) for line in _Frame(number, begin, end).draw(chart, spans)
    ]
    return wrap(body, 2 * _WIDTH + 20, rows * (_HEIGHT + _GAP + _TOP))


def draw_bars(bars: Sequence[Span], spans: Sequence[Span], begin: float, end: float) -> str:
    """Return an SVG with a row for each name of `bars`, above the shaded and named spans."""
    names = list(dict.fromkeys(bar.name for bar in bars))
    left, width, row = 210, 2 * _WIDTH - 230, 24
    height = len(names) * row

    def x(at: float) -> float:
        return left + width * (at - begin) / (end - begin)

    body = []
    for number, span in enumerate(spans, 1):
        body.append(_box(x(span.begin), 34, x(span.end) - x(span.begin), height, _SHADE))
        body.append(_text((x(span.begin) + x(span.end)) / 2, 26, f"{number}", anchor="middle"))
    for index, name in enumerate(names):
        top = 34 + index * row
        body.append(_text(left - 10, top + 16, name, anchor="end"))
        body.append(_line(left, top + row, left + width, top + row))
        colour = _COLOURS[index % len(_COLOURS)]
        body += [
            _box(x(bar.begin), top + 5, max(2, x(bar.end) - x(bar.begin)), row - 9, colour)
            for bar in bars
            if bar.name == name
        ]
    body += [_text(x(at), 34 + height + 18, f"{(at - begin) / 60:.0f} min", anchor="middle")
             for at in _ticks(begin, end)]  # fmt: skip
    return wrap(body, 2 * _WIDTH + 20, height + 62)


def wrap(body: Sequence[str], width: float, height: float) -> str:
    """Return these elements as an SVG."""
    font = "ui-sans-serif, system-ui, 'DejaVu Sans', sans-serif"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'font-family="{font}" font-size="11" fill="{_INK}">'
    )
    return "\n".join([head, *body, "</svg>", ""])


class _Frame:
    """The place of one chart: its corner, and the scale of its time."""

    def __init__(self, number: int, begin: float, end: float) -> None:
        self._left = number % 2 * (_WIDTH + 20)
        self._top = number // 2 * (_HEIGHT + _GAP + _TOP)
        self._begin, self._end = begin, end

    def draw(self, chart: Chart, spans: Sequence[Span]) -> Iterator[str]:
        shown = sorted(chart.series, key=lambda s: -max((v for _, v in s[1]), default=0))[:_MOST_SERIES]
        highest = max((value for _, points in shown for _, value in points), default=0)
        top = _round_up(highest, chart.unit)
        yield _text(self._left, self._top + 14, chart.title, weight="600", size=13)
        for number, span in enumerate(spans, 1):
            left, right = self._x(span.begin), self._x(span.end)
            yield _box(left, self._y(1), right - left, self._y(0) - self._y(1), _SHADE)
            yield _text((left + right) / 2, self._y(1) - 3, f"{number}", anchor="middle", size=9)
        for share in (0, 0.5, 1):
            yield _line(self._left + _LEFT, self._y(share), self._left + _WIDTH, self._y(share))
            label = _say(share * top, chart.unit)
            yield _text(self._left + _LEFT - 6, self._y(share) + 4, label, anchor="end")
        for at in _ticks(self._begin, self._end):
            label = f"{(at - self._begin) / 60:.0f} min"
            yield _text(self._x(at), self._y(0) + 15, label, anchor="middle")
        for (_, points), colour in zip(shown, _COLOURS, strict=False):
            yield from self._curves(points, top, colour)
        yield from self._legend(shown)

    def _curves(self, points: Points, top: float, colour: str) -> Iterator[str]:
        """Yield a line for each stretch of time without a hole."""
        step = min((b[0] - a[0] for a, b in pairwise(points)), default=1)
        stretch: list[str] = []
        last = -math.inf
        for at, value in [*points, (math.inf, 0.0)]:
            if at - last > 2.5 * step and stretch:
                yield (
                    f'<polyline points="{" ".join(stretch)}" fill="none" stroke="{colour}" '
                    'stroke-width="1.6" stroke-linejoin="round" stroke-linecap="round"/>'
                )
                stretch = []
            if math.isfinite(at):
                stretch.append(f"{self._x(at):.1f},{self._y(value / top):.1f}")
                last = at

    def _legend(self, shown: Sequence[tuple[str, Points]]) -> Iterator[str]:
        left, line = float(self._left + _LEFT), 0
        for (name, _), colour in zip(shown, _COLOURS, strict=False):
            width = 18 + _LETTER * len(name) + 10
            if left + width > self._left + _WIDTH and left > self._left + _LEFT:
                left, line = self._left + _LEFT, line + 1
            y = self._y(0) + 34 + 14 * line
            yield _box(left, y - 8, 10, 8, colour)
            yield _text(left + 14, y, name)
            left += width

    def _x(self, at: float) -> float:
        share = (at - self._begin) / (self._end - self._begin)
        return self._left + _LEFT + (_WIDTH - _LEFT) * min(max(share, 0), 1)

    def _y(self, share: float) -> float:
        return self._top + _TOP + _HEIGHT * (1 - share)


def _ticks(begin: float, end: float) -> list[float]:
    """Return times a whole number of minutes after the begin, about six of them."""
    step = max(1, round((end - begin) / 60 / 6)) * 60
    return [begin + step * number for number in range(int((end - begin) / step) + 1)]


def _round_up(highest: float, unit: Unit) -> float:
    """Return the top of the scale: 1, 2 or 5 times a power of ten; of bytes a power of two."""
    if highest <= 0:
        return 1
    if unit is Unit.BYTES:
        return float(2 ** math.ceil(math.log2(highest)))
    power = math.pow(10, math.floor(math.log10(highest)))
    top = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= highest)
    return max(top, 2) if unit is Unit.COUNT else top


def _say(value: float, unit: Unit) -> str:
    """Return an axis' number with its unit."""
    if unit is Unit.BYTES:
        return f"{value / 2**20:.0f} MB"
    if unit is Unit.SECONDS:
        return f"{value * 1000:g} ms" if 0 < value < 1 else f"{value:g} s"
    return f"{value:g}/s" if unit is Unit.PER_SECOND else f"{value:g}"


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", weight: str = "400", size: int = 11
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}">'
        f"{escape(text)}</text>"
    )


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{_GRID}"/>'
