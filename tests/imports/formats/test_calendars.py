"""iCalendar files: which yearly events are birthdays, of whom, and on which day."""

from pathlib import Path

import pytest

from db.imports.entries import AnyEntry, BirthDate, Entry, Person, RefusedEntry, SkippedEntry
from db.imports.formats import detect_format
from tests.imports.files import read_entries, write_file
from worker.rules.model import ImportSource

ANN = "https://www.linkedin.com/in/ann"

EVENTS = """BEGIN:VCALENDAR
BEGIN:VEVENT
DTSTART;VALUE=DATE:20240305
RRULE:FREQ=YEARLY
SUMMARY:Ann O'Neil\\, Jr's birthday 🎂
URL:https://www.linkedin.com/in/ann
BEGIN:VALARM
DESCRIPTION:no
END:VALARM
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=America/New_York:19800229T080000
RRULE:FREQ=YEARLY;BYMONTH=2
SUMMARY:Anniversaire de Zoé
DESCRIPTION:see https://www.linkedin.com/in/zoe
END:VEVENT
BEGIN:VEVENT
DTSTART:20240305
RRULE:FREQ=WEEKLY
SUMMARY:Stand-up
END:VEVENT
BEGIN:VEVENT
RRULE:FREQ=YEARLY
DTSTART:20240230
END:VEVENT
END:VCALENDAR
"""


def test_yearly_events_are_birthdays(tmp_path: Path) -> None:
    path = write_file(tmp_path, EVENTS, "people.ics")
    assert detect_format(path, "utf-8") is ImportSource.ICALENDAR
    assert read_entries(path, ImportSource.ICALENDAR) == [
        Entry(2, Person("Ann O'Neil, Jr", (ANN,), birthday=BirthDate(3, 5))),
        Entry(11, Person("Zoé", ("https://www.linkedin.com/in/zoe",), birthday=BirthDate(2, 29))),
        SkippedEntry(17, "an event that doesn't recur every year"),
        RefusedEntry(22, "it has no start date"),
    ]


YEARLY = "RRULE:FREQ=YEARLY"


def event(summary: str, *lines: str, start: str = "DTSTART;VALUE=DATE:20200612", rule: str = YEARLY) -> str:
    return "\n".join(["BEGIN:VEVENT", start, rule, f"SUMMARY:{summary}", *lines, "END:VEVENT", ""])


def read_event(folder: Path, text: str, *outside: str) -> AnyEntry:
    calendar = "\n".join(["BEGIN:VCALENDAR", *outside, text, "END:VCALENDAR", ""])
    (found,) = read_entries(write_file(folder, calendar), ImportSource.ICALENDAR)
    return found


def read_person(folder: Path, text: str, *outside: str) -> Person:
    found = read_event(folder, text, *outside)
    assert isinstance(found, Entry)
    return found.person


@pytest.mark.parametrize(
    ("summary", "lines"),
    [
        ("Gus Roe", ("X-NEXTCLOUD-BC-FIELD-TYPE:ANNIVERSARY",)),
        ("Gus Roe", ("X-KDE-KABC-ANNIVERSARY:YES",)),
        ("Gus Roe", ("CATEGORIES:Anniversaries",)),
        ("Gus Roe", ("CATEGORIES:Hochzeitstag,Privat",)),
        ("💍 Gus Roe", ()),
        ("💒 Gus Roe (2010)", ()),
        ("Anniversaire de mariage de Gus", ()),
        ("Gus Roe's 10th wedding anniversary", ()),
        ("Aniversário de casamento: Gus", ()),
        ("Bryllupsdag Gus", ()),
        ("Silberhochzeit Gus und Eve", ()),
        ("Rocznica ślubu Gus", ()),
        ("Imieniny Gustawa", ()),
        ("結婚記念日 Gus", ()),
        ("Годовщина свадьбы Роэ", ()),
    ],
)
def test_a_wedding_is_passed_over(tmp_path: Path, summary: str, lines: tuple[str, ...]) -> None:
    found = read_event(tmp_path, event(summary, *lines, f"URL:{ANN}"))
    assert isinstance(found, SkippedEntry)
    assert "wedding" in found.reason


@pytest.mark.parametrize(
    ("summary", "lines"),
    [
        ("Gus Roe", ("X-NEXTCLOUD-BC-FIELD-TYPE:DEATHDATE",)),
        ("Gus Roe", ("CATEGORIES:Todestage",)),
        ("⚰️ Gus Roe (2019)", ()),
        ("† Gus Roe", ("X-NEXTCLOUD-BC-FIELD-TYPE:BDAY",)),
        ("Gus Roe (1940\u20132019)", ()),
        ("Gus Roe (d. 2019)", ()),
        ("Todestag von Gus Roe", ()),
        ("5. Todestag von Gus Roe", ()),
        ("Décès de Gus Roe", ()),
        ("Gus Roe's death anniversary", ()),
        ("День смерти: Gus Roe", ()),
        ("Gus Roe 忌日", ()),
        ("Sterfdag van Gus Roe", ()),
    ],
)
def test_a_day_of_death_says_who_has_died(tmp_path: Path, summary: str, lines: tuple[str, ...]) -> None:
    person = read_person(tmp_path, event(summary, *lines))
    assert (person.name, person.died, person.birthday, person.possible_birthdays) == (
        "Gus Roe",
        True,
        None,
        (),
    )


@pytest.mark.parametrize(
    ("rule", "lines", "why"),
    [
        ("RRULE:FREQ=YEARLY;UNTIL=20250101", (), "has ended"),
        ("RRULE:FREQ=YEARLY;UNTIL=20250101T000000Z", (), "has ended"),
        ("RRULE:FREQ=YEARLY;COUNT=3", (), "has ended"),
        ("RRULE:FREQ=YEARLY;COUNT=-5000", (), "has ended"),
        (YEARLY, ("STATUS:CANCELLED",), "cancelled"),
        (YEARLY, ("RECURRENCE-ID;VALUE=DATE:20250612",), "one event of a series"),
        ("RRULE:FREQ=YEARLY;INTERVAL=5", (), "every year"),
        ("RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=2SU", (), "without a fixed day"),
        ("RRULE:FREQ=MONTHLY", (), "every year"),
    ],
)
def test_a_series_that_is_over_or_moves_is_passed_over(
    tmp_path: Path, rule: str, lines: tuple[str, ...], why: str
) -> None:
    found = read_event(tmp_path, event("🎂 Gus Roe", *lines, rule=rule))
    assert isinstance(found, SkippedEntry)
    assert why in found.reason


@pytest.mark.parametrize("rule", ["RRULE:FREQ=YEARLY;COUNT=90", "RRULE:FREQ=YEARLY;UNTIL=20991231", YEARLY])
def test_a_series_that_goes_on_is_a_birthday(tmp_path: Path, rule: str) -> None:
    assert read_person(tmp_path, event("🎂 Gus Roe", rule=rule)).birthday == BirthDate(6, 12)


@pytest.mark.parametrize(
    ("start", "outside", "days"),
    [
        ("DTSTART:20200611T220000Z", ("X-WR-TIMEZONE:Europe/Berlin",), {12}),
        ("DTSTART:20200611T150000Z", ("X-WR-TIMEZONE:Asia/Tokyo",), {12}),
        ("DTSTART:20200612T040000Z", ("X-WR-TIMEZONE:America/New_York",), {12}),
        ("DTSTART:20200611T220000Z", (), {12}),  # midnight in the account's zone
        ("DTSTART:20200612T000000Z", ("X-WR-TIMEZONE:America/New_York",), {12}),
        ("DTSTART;TZID=Asia/Tokyo:20200612T000000", (), {12}),
        ("DTSTART:20200612T090000", (), {12}),
        ("DTSTART:20200611T150000Z", (), {11, 12}),
        ("DTSTART:20200611T183000Z", ("X-WR-TIMEZONE:Nowhere/Land",), {11, 12}),
        ("DTSTART:20200611T120000Z", ("X-WR-TIMEZONE:Europe/Berlin",), {11, 12}),
        ("DTSTART:99991231T120000Z", (), {31}),
        ("DTSTART:00010101T030000Z", ("X-WR-TIMEZONE:America/New_York",), {1}),
    ],
)
def test_an_instant_is_the_day_on_which_it_is_midnight(
    tmp_path: Path, start: str, outside: tuple[str, ...], days: set[int]
) -> None:
    person = read_person(tmp_path, event("🎂 Gus Roe", start=start), *outside)
    found = [person.birthday] if person.birthday else person.possible_birthdays
    assert {day.day for day in found} == days
    assert (person.birthday is None) == (len(days) > 1)


@pytest.mark.parametrize(
    ("summary", "lines", "year"),
    [
        ("🎂 Gus Roe (1981)", (), 1981),
        ("Gus Roe (*1981)", ("X-NEXTCLOUD-BC-FIELD-TYPE:BDAY",), 1981),
        ("🎂 Gus Roe", ("X-NEXTCLOUD-BC-YEAR:1981", "X-NEXTCLOUD-BC-UNKNOWN-YEAR:0"), 1981),
        ("🎂 Gus Roe", ("X-NEXTCLOUD-BC-YEAR:1981", "X-NEXTCLOUD-BC-UNKNOWN-YEAR:1"), None),
        ("🎂 Gus Roe (2026)", (), None),
        ("🎂 Gus Roe (45)", (), None),
        ("🎂 Gus Roe", (), None),
    ],
)
def test_a_year_of_birth_is_kept_where_the_event_says_it(
    tmp_path: Path, summary: str, lines: tuple[str, ...], year: int | None
) -> None:
    person = read_person(tmp_path, event(summary, *lines))
    assert (person.name, person.birthday) == ("Gus Roe", BirthDate(6, 12, year))


def test_a_title_that_says_nothing_of_a_birthday_is_asked_about(tmp_path: Path) -> None:
    person = read_person(tmp_path, event("Gus Roe", f"URL:{ANN}"))
    assert (person.birthday, person.possible_birthdays) == (None, (BirthDate(6, 12),))
    assert person.name_is_vague
    marked = read_person(tmp_path, event("Gus Roe"), "X-WR-CALNAME:Geburtstage")
    assert (marked.birthday, marked.name_is_vague) == (BirthDate(6, 12), False)


def test_kde_names_the_person_itself(tmp_path: Path) -> None:
    marks = ("X-KDE-KABC-BIRTHDAY:YES", "X-KDE-KABC-NAME-1:Gus Roe", "X-KDE-KABC-EMAIL-1:gus@x.org")
    person = read_person(tmp_path, event("Gus Roe's birthday", *marks))
    assert (person.name, person.emails, person.birthday) == ("Gus Roe", ("gus@x.org",), BirthDate(6, 12))
