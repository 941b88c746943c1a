"""The members and their forty friends: fictional, and the same at every first start.

Only the birthdays depend on the day of the first start, so that there is always somebody to greet. `crowd`
generates the other people, whom only a search finds.
"""

import calendar
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from api_stub.sandbox.population.profiles import Job, Profile

DAYS_SHOWN = 10
"""Days before today that the birthdays page shows."""

_TODAY = 5
_EARLIER_DAYS = (1, 2, 2, 3, 4, 5, 6, 7)
_QUIET_DAYS = 12
_TWO_LANGUAGES = {
    "en": ("{headline}. Likes slow mornings and finished work.", "apprentice", ("Patience", "Planning")),
    "fr": ("{headline}. Aime les matins lents et le travail fini.", "apprenti", ("Patience", "Méthode")),
}


@dataclass(frozen=True, slots=True)
class Member:
    """A person who can sign in. `language` is the language of the pages."""

    login: str
    password: str
    name: str
    language: str


MEMBERS = {
    "demo": Member("demo", "demo-password", "Dana Demo", "en"),
    "demo2": Member("demo2", "demo-password", "Denis Démo", "fr"),
}


@dataclass(frozen=True, slots=True)
class Person(Profile):
    """A person whose birthday members see."""

    birth_month: int
    birth_day: int
    birth_year: int | None

    def latest_birthday(self, today: date) -> date:
        """Return the latest birthday up to `today`; 29 February becomes the 28th in other years."""
        this_year = self._birthday_in(today.year)
        return this_year if this_year <= today else self._birthday_in(today.year - 1)

    def _birthday_in(self, year: int) -> date:
        leapling = (self.birth_month, self.birth_day) == (2, 29)
        return date(year, 2, 28) if leapling and not calendar.isleap(year) else self._plain_birthday(year)

    def _plain_birthday(self, year: int) -> date:
        return date(year, self.birth_month, self.birth_day)


def generate_friends(today: date) -> list[Person]:
    """Return the forty people with birthdays around `today`: 5 today, 8 in the 7 days before.

    Nobody else has a birthday within 12 days of today. Of the two people named María García, one has it today
    and one two days ago.
    """
    with (Path(__file__).with_name("members.csv")).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        _person(row, month, day) for row, (month, day) in zip(rows, _birthdays(today, len(rows)), strict=True)
    ]


def list_near_days(today: date) -> list[date]:
    """Return a day for each birthday that is due: 5 times today, and 8 days of the 7 before."""
    return [today - timedelta(days=days) for days in (0,) * _TODAY + _EARLIER_DAYS]


def _birthdays(today: date, count: int) -> Iterator[tuple[int, int]]:
    near = list_near_days(today)
    yield from ((day.month, day.day) for day in near)
    far_count = count - len(near)
    step_days = (365 - 2 * _QUIET_DAYS - 2) / far_count
    for index in range(far_count - 1):
        far = today + timedelta(days=_QUIET_DAYS + 1 + round(index * step_days))
        # only the last person has 29 February
        yield (3, 1) if (far.month, far.day) == (2, 29) else (far.month, far.day)
    yield _leap_day(today)


def _leap_day(today: date) -> tuple[int, int]:
    """Return 29 February for the last person, or a day half a year away if that is near."""
    distances = (abs((date(year, 2, 28) - today).days) for year in (today.year, today.year + 1))
    if min(distances) > _QUIET_DAYS + 2:
        return 2, 29
    far = today + timedelta(days=182)
    return far.month, far.day


def _person(row: dict[str, str], month: int, day: int) -> Person:
    about, apprentice, skills = _TWO_LANGUAGES[row["language"]]
    headline, company = row["headline"], row["company"]
    return Person(
        slug=row["slug"],
        name=row["name"],
        headline=headline,
        location=row["location"],
        language=row["language"],
        about=about.format(headline=headline),
        open_to_work=False,
        jobs=(
            Job(headline, company, "2016-09", None),
            Job(f"{headline} ({apprentice})", company, "2014", "2016-08"),
        ),
        schools=(),
        skills=(*skills, headline),
        certificates=(),
        spoken=(),
        birth_month=month,
        birth_day=day,
        birth_year=int(row["born"]) if row["born"] else None,
    )
