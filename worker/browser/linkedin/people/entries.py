"""The entries of a profile's sections, from their lines of text.

What can't be parsed is left out, never guessed.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypedDict

from worker.browser.linkedin.people.spans import is_span, parse_span, parse_years
from worker.rules.sourcing.profile import Education, Position


class Item(TypedDict):
    """One entry: its own lines, and those of the list items inside it."""

    lines: list[str]
    parts: list[list[str]]


def to_positions(items: Sequence[Item]) -> tuple[Position, ...] | None:
    """Return the jobs, in the order of the page; None if an entry can't be told apart from others.

    An entry is one job (title, "company · full-time", dates, place), or a company with several roles
    (company, total time, then a list of title, kind, dates, place).
    """
    if any(_count_spans(part) > 1 for item in items for part in [item["lines"], *item["parts"]]):
        return None  # several roles that aren't list items: it isn't certain which dates belong to which
    found = [position for item in items for position in _positions(item)]
    return tuple(found) if all(position.title for position in found) else None


def to_education(items: Sequence[Item]) -> tuple[Education, ...] | None:
    """Return the schools: the name, the degree, the years."""
    found = []
    for item in items:
        lines = _flat(item)
        if not lines:
            return None
        started, ended = _years(lines[1:])
        degree = lines[1] if len(lines) > 1 and not is_span(lines[1]) else ""
        found.append(Education(lines[0], degree, started, ended))
    return tuple(found)


def to_names(items: Sequence[Item]) -> tuple[str, ...]:
    """Return the first line of each entry, each once: skills, languages, certifications."""
    return tuple(dict.fromkeys(lines[0] for item in items if (lines := _flat(item))))


def _positions(item: Item) -> Iterator[Position]:
    lines, roles = item["lines"], [part for part in item["parts"] if _span_at(part)]
    if not lines and len(item["parts"]) == 1:
        lines, roles = item["parts"][0], []
    if roles and not _span_at(lines):
        company = _without_kind(lines[0]) if lines else ""
        for role in roles:
            yield Position(role[0], company, *_dates(role))
        return
    at = _span_at(lines)
    company = lines[1] if len(lines) > 1 and at != 1 else ""
    yield Position(lines[0] if lines else "", _without_kind(company), *_dates(lines))


def _count_spans(lines: Sequence[str]) -> int:
    return sum(_dates(["", line]) != (None, None) for line in lines)


def _without_kind(line: str) -> str:
    """Return the company of `Company · Full-time`."""
    return line.partition(" · ")[0]


def _flat(item: Item) -> list[str]:
    return item["lines"] or next(iter(item["parts"]), [])


def _span_at(lines: Sequence[str]) -> int:
    """Return the index of the first line after the first that is a span, or 0."""
    return next((index for index, line in enumerate(lines) if index and is_span(line)), 0)


def _dates(lines: Sequence[str]) -> tuple[date | None, date | None]:
    """Return the dates; both None if their form is unknown, because no end would say that the job lasts."""
    at = _span_at(lines)
    try:
        return parse_span(lines[at]) if at else (None, None)
    except ValueError:
        return None, None


def _years(lines: Sequence[str]) -> tuple[int | None, int | None]:
    line = next((each for each in lines if is_span(each)), None)
    try:
        return parse_years(line) if line else (None, None)
    except ValueError:
        return None, None
