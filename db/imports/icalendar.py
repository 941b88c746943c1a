"""iCalendar files: yearly events that are birthdays, with a name, a day and seldom more."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Final

from icalendar import Component, Event
from icalendar.prop import vDDDTypes, vRecur

from db.imports.blocks import read_blocks
from db.imports.entries import BirthDate, Entry, Person, RefusedEntry, UnreadableEntryError
from db.imports.text_file import Lines

_PROPERTIES: Final = frozenset({"DTSTART", "RRULE", "SUMMARY", "URL", "DESCRIPTION"})
_SUMMARY_FORMS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<name>.+?)(?:['\u2019]s?)? birthday(?: \(\d{4}\))?",
        r"birthday(?: of|:| -)? (?P<name>.+)",
        r"anniversaire(?: de la | de | d['\u2019]| : | - |: )(?P<name>.+)",
        r"(?:geburtstag(?: von|:| -)?) (?P<name>.+)",
        r"(?P<name>.+?)(?:['\u2019]s?)? (?:hat )?geburtstag",
        r"cumpleaños(?: de|:| -)? (?P<name>.+)",
    )
)
_PROFILE: Final = re.compile(r"\S+/in/[^\s<>\"']+")


def read_calendar(lines: Lines, today: date) -> Iterator[Entry | RefusedEntry]:
    """Read the events. The year is left out, as it is often the year in which the event was created."""
    del today
    for block in read_blocks(lines, "VEVENT", _PROPERTIES):
        if isinstance(block, RefusedEntry):
            yield block
            continue
        try:
            yield Entry(block.line, _to_person(_parse_event(block.text)))
        except UnreadableEntryError as error:
            yield RefusedEntry(block.line, str(error))


def find_name(summary: str) -> str:
    """Return the name in an English, French, German or Spanish event summary; it may be only a name."""
    text = _strip_ornaments(" ".join(summary.split()))
    for pattern in _SUMMARY_FORMS:
        if match := pattern.fullmatch(text):
            return match["name"].strip()
    return text


def _strip_ornaments(text: str) -> str:
    """Strip emoji and dashes from both ends. Combining marks of letters stay: their category is M."""
    kept = [
        place for place, sign in enumerate(text) if unicodedata.category(sign)[0] in "LMN" or sign in "()."
    ]
    return text[kept[0] : kept[-1] + 1] if kept else ""


def _parse_event(text: str) -> Component:
    try:
        return Event.from_ical(text)
    except (ValueError, KeyError, IndexError, AttributeError) as error:  # the last: two zones for one time
        raise UnreadableEntryError(f"no readable event: {type(error).__name__}") from None


def _to_person(event: Component) -> Person:
    rule = event.get("RRULE")
    if not isinstance(rule, vRecur) or [str(value).upper() for value in rule.get("FREQ", ())] != ["YEARLY"]:
        raise UnreadableEntryError("it doesn't come every year, so it isn't a birthday")
    start = event.get("DTSTART")
    on = start.dt if isinstance(start, vDDDTypes) else None
    if not isinstance(on, date):
        raise UnreadableEntryError("it has no day on which it begins")
    urls = [str(event.get("URL", "")), *_PROFILE.findall(str(event.get("DESCRIPTION", "")))]
    return Person(
        name=find_name(str(event.get("SUMMARY", ""))),
        urls=tuple(filter(None, urls)),
        birthday=BirthDate(on.month, on.day),
    )
