"""iCalendar files: yearly events that are birthdays, with a name, a day and seldom more."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Component, Event
from icalendar.prop import vDDDTypes, vRecur

from db.imports.blocks import BlockReader, to_entries
from db.imports.calendars.recurrence import require_yearly
from db.imports.calendars.titles import read_death_title, read_title
from db.imports.calendars.words import EventKind, find_kind
from db.imports.days.instants import InstantDay, find_day
from db.imports.entries import (
    AnyEntry,
    BirthDate,
    Person,
    ReadContext,
    SkippedEntryError,
    UnreadableEntryError,
)
from db.imports.text_file import Lines
from worker.rules.dates.date_range import FIRST_DAY

_FIELD_TYPE: Final = "X-NEXTCLOUD-BC-FIELD-TYPE"
_NEXTCLOUD_KINDS: Final = {
    "BDAY": EventKind.BIRTHDAY, "DEATHDATE": EventKind.DEATH, "ANNIVERSARY": EventKind.ANNIVERSARY
}  # fmt: skip
_KDE_MARKS: Final = {
    "X-KDE-KABC-BIRTHDAY": EventKind.BIRTHDAY, "X-KDE-KABC-ANNIVERSARY": EventKind.ANNIVERSARY
}  # fmt: skip
_YEAR: Final = "X-NEXTCLOUD-BC-YEAR"
_YEAR_UNKNOWN: Final = "X-NEXTCLOUD-BC-UNKNOWN-YEAR"
_WANTED: Final = frozenset(
    {"DTSTART", "RRULE", "SUMMARY", "URL", "DESCRIPTION", "STATUS", "CATEGORIES", "RECURRENCE-ID",
     _FIELD_TYPE, _YEAR, _YEAR_UNKNOWN, *_KDE_MARKS, "X-KDE-KABC-NAME-1", "X-KDE-KABC-EMAIL-1"}
)  # fmt: skip
_UTC_NAMES: Final = frozenset({"UTC", "Etc/UTC", "GMT", "Etc/GMT", "Z"})
_PROFILE: Final = re.compile(r"\S{1,100}/(?:in|pub)/[^\s<>\"']{1,2000}")
_NOT_LOST: Final = frozenset(
    {
        "UID",
        "DTSTAMP",
        "CREATED",
        "LAST-MODIFIED",
        "SEQUENCE",
        "TRANSP",
        "CLASS",
        "DTEND",
        "DURATION",
        "PRIORITY",
    }
)
"""Properties about the event and not the person."""


class _Calendar:
    """What the lines outside the events say: the calendar's time zone, and whether it is one of birthdays."""

    def __init__(self) -> None:
        self.zones: list[ZoneInfo] = []
        self.kind: EventKind | None = None

    def read_line(self, text: str) -> None:
        name, _, value = text.partition(":")
        name = name.partition(";")[0].strip().upper()
        if name == "X-WR-TIMEZONE" or (name == "TZID" and not self.zones):
            try:
                self.zones = [ZoneInfo(value.strip())]
            except (ValueError, OSError, LookupError):  # as zoneinfo raises for names that are none
                return
        elif name in {"X-WR-CALNAME", "NAME", "PRODID"}:
            self.kind = self.kind or (EventKind.BIRTHDAY if find_kind(value) is EventKind.BIRTHDAY else None)


def read_calendar(lines: Lines, context: ReadContext) -> Iterator[AnyEntry]:
    """Read the events. The first event's year is a year of birth only if the title or the program says so."""
    calendar = _Calendar()
    reader = BlockReader("VEVENT", _WANTED.__contains__, context.unused, calendar.read_line)
    yield from to_entries(
        reader.read(lines), lambda block: _to_person(_parse_event(block.text), calendar, context)
    )
    for name in _NOT_LOST:
        context.unused.pop(name, None)


def _parse_event(text: str) -> Component:
    try:
        return Event.from_ical(text)
    except (ValueError, KeyError, IndexError, AttributeError) as error:  # the last: two zones for one time
        raise UnreadableEntryError(f"it isn't a readable event: {type(error).__name__}") from None


def _to_person(event: Component, calendar: _Calendar, context: ReadContext) -> Person:
    mark, title = _find_mark(event), str(event.get("SUMMARY", ""))
    _require_in_force(event, context.today, mark)
    told = find_kind(title)
    urls = [str(event.get("URL", "")), *_PROFILE.findall(str(event.get("DESCRIPTION", "")))]
    if EventKind.DEATH in {mark, told}:
        name = str(event.get("X-KDE-KABC-NAME-1", "")) or read_death_title(title)
        if not any(sign.isalpha() for sign in name):
            raise SkippedEntryError(EventKind.DEATH.value)
        return Person(name, tuple(filter(None, urls)), died=True, name_is_vague=True)
    kind = mark or told or calendar.kind
    if kind is EventKind.ANNIVERSARY:
        raise SkippedEntryError(EventKind.ANNIVERSARY.value)
    days = _find_days(event, calendar, context)
    found = read_title(title, context.today.year, is_bare=kind is None)
    if not found.name:
        raise UnreadableEntryError("its title has no name")
    year = _find_year(event, context.today, found.year)
    possible = days.possible if days.day is None else (days.day,)
    birthdays = tuple(BirthDate(day.month, day.day, _fitting(day, year)) for day in possible)
    certain = days.day is not None and kind is not None
    email = str(event.get("X-KDE-KABC-EMAIL-1", ""))
    return Person(
        name=str(event.get("X-KDE-KABC-NAME-1", "")) or found.name,
        urls=tuple(filter(None, urls)),
        emails=(email,) if email else (),
        birthday=birthdays[0] if certain else None,
        possible_birthdays=() if certain else birthdays,
        other_names=found.other_names,
        name_is_vague=found.is_vague,
    )


def _find_mark(event: Component) -> EventKind | None:
    """Return the kind that the program that wrote the event says, or None."""
    if kind := _NEXTCLOUD_KINDS.get(str(event.get(_FIELD_TYPE, "")).strip().upper()):
        return kind
    for name, kind in _KDE_MARKS.items():
        if str(event.get(name, "")).strip().upper() == "YES":
            return kind
    given = event.get("CATEGORIES", ())
    listed = given if isinstance(given, list) else [given]
    words = [str(word) for each in listed for word in getattr(each, "cats", ())]
    kinds = {kind for word in words if (kind := find_kind(word))}
    return kinds.pop() if len(kinds) == 1 else None


def _require_in_force(event: Component, today: date, mark: EventKind | None) -> None:
    """Raise SkippedEntryError for a cancelled event, and one that does not come every year."""
    if str(event.get("STATUS", "")).strip().upper() == "CANCELLED":
        raise SkippedEntryError("a cancelled event")
    if event.get("RECURRENCE-ID") is not None:
        raise SkippedEntryError("a change to one event of a series")
    rule, start = event.get("RRULE"), event.get("DTSTART")
    on = start.dt if isinstance(start, vDDDTypes) else None
    if rule is None and mark is EventKind.BIRTHDAY:
        return
    require_yearly(rule if isinstance(rule, vRecur) else None, on if isinstance(on, date) else None, today)


def _find_days(event: Component, calendar: _Calendar, context: ReadContext) -> InstantDay:
    """Return the day on which the event begins: as written, or for an instant in UTC, its local day."""
    start = event.get("DTSTART")
    on = start.dt if isinstance(start, vDDDTypes) else None
    if not isinstance(on, date):
        raise UnreadableEntryError("it has no start date")
    if not isinstance(on, datetime):
        return InstantDay(on)
    if on.tzinfo is None or str(on.tzinfo) not in _UTC_NAMES:
        return InstantDay(on.date())
    zones: Sequence[ZoneInfo] = calendar.zones or [context.zone]
    found = find_day(on, zones)
    return found if found.day else find_day(on, [*zones, context.zone])


def _find_year(event: Component, today: date, in_title: int | None) -> int | None:
    """Return the year of birth that the program says, else the one in the title, or None."""
    if str(event.get(_YEAR_UNKNOWN, "0")).strip() == "1":
        return None
    given = str(event.get(_YEAR, "")).strip()
    if not given.isdecimal():
        return in_title
    return int(given) if FIRST_DAY.year <= int(given) <= today.year else None


def _fitting(day: date, year: int | None) -> int | None:
    """Return the year unless it has no such day."""
    try:
        return day.replace(year=year).year if year else None
    except ValueError:
        return None
