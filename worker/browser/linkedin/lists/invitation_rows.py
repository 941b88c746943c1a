"""What the rows of the sent invitations say: to whom each was sent, when, and how it is withdrawn."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from urllib.parse import urlsplit

from worker.browser.linkedin.ages import find_minimum_age, is_age_line
from worker.browser.linkedin.lists.names import find_name, read_framed_name
from worker.browser.linkedin.lists.rows import Control, Row
from worker.browser.linkedin.words import fold, is_word

_OF_PAGES: Final = frozenset(
    {"company", "school", "showcase", "events", "groups", "newsletters", "services", "products"}
)
"""First segments of links to what people are invited to follow or to join."""
_NUMBER: Final = r"(?P<number>\d{1,3}(?:[.,'\s]\d{3})+|\d+)"
_COUNT: Final = re.compile(rf"(?P<label>.*?)\s*(?P<open>\()?\s*{_NUMBER}\s*(?(open)\))")


@dataclass(frozen=True, slots=True)
class SentRow:
    """One pending invitation. `age` is the lowest that its row can mean, None if it can't be read.

    `control` is the position of the control that withdraws it, and `word` what stands on it.
    """

    addresses: frozenset[str]
    full_name: str
    age: timedelta | None
    control: int
    word: str


@dataclass(frozen=True, slots=True)
class CountLabel:
    """A short text with a number. `current`: it stands on the tab that is open."""

    text: str
    current: bool


def read_row(
    row: Row, language: str | None, today: date | None, address_of: Callable[[str], str | None]
) -> SentRow | None:
    """Return the invitation in a row, or None for anything else. Without `today`, its age isn't read.

    An invitation that was received has two controls that name its person. One to follow a page links to it.
    """
    addresses = frozenset(address for link in row.links if (address := address_of(link)))
    if not addresses or any(_first_segment(each.href) in _OF_PAGES for each in row.controls):
        return None
    named = [name for each in row.controls if (name := read_framed_name("withdraw", each.label, language))]
    witnesses = [*named, *row.labels, *(each.label for each in row.controls)]
    name = find_name(row.lines, row.labels, witnesses, language)
    position = find_withdraw(row.controls, name, language)
    if position is None:
        return None
    lines = [line for line in row.lines if is_age_line(line, language)]
    ages = {find_minimum_age(line, language, today) for line in lines} if today else set()
    return SentRow(
        addresses,
        name or next(iter(row.lines), ""),
        ages.pop() if len(ages) == 1 else None,
        position,
        row.controls[position].text,
    )


def find_withdraw(controls: Iterable[Control], name: str | None, language: str | None) -> int | None:
    """Return the position of the control that withdraws: by its word, else the only one with the name.

    The words of some languages are guesses, so the structure decides where none matches.
    """
    numbered = list(enumerate(controls))
    worded = [number for number, each in numbered if is_withdraw(each, language)]
    if worded:
        return worded[0] if len(worded) == 1 else None
    naming = [number for number, each in numbered if name and fold(name) in fold(each.label)]
    alone = naming or [number for number, each in numbered if not each.href]
    return alone[0] if len(alone) == 1 else None


def is_withdraw(control: Control, language: str | None) -> bool:
    """Return whether the control says "withdraw"."""
    return any(is_word("withdraw", text, language) for text in (control.label, control.text) if text)


def find_count(labels: Iterable[CountLabel], language: str | None) -> int | None:
    """Return how many people the page says were invited, or None if it doesn't say it clearly.

    The tab of people is known by its word, or by being the open one: another number, perhaps of the received
    invitations, would make a part of the list pass for the whole.
    The number has the language's separators: 1,052, 1.052 or 1 052.
    """
    people: set[int] = set()
    current: set[int] = set()
    for each in labels:
        found = _COUNT.fullmatch(each.text)
        if found is None:
            continue
        number = int(re.sub(r"\D", "", found["number"]))
        if is_word("people_count", found["label"], language):
            people.add(number)
        elif found["open"] and each.current:
            current.add(number)
    numbers = people or current
    return numbers.pop() if len(numbers) == 1 else None


def _first_segment(href: str | None) -> str:
    return next(iter(urlsplit(href or "").path.strip("/").split("/")), "")
