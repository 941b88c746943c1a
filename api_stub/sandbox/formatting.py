"""Format dates, durations and degrees for the pages, in the member's language."""

# ruff: noqa: RUF001 -- the pages contain these dashes

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from api_stub.sandbox.population.profiles import Job, Profile, School
from api_stub.sandbox.texts import TEXTS

_MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
           "novembre", "décembre"),
    "de": ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
           "November", "Dezember"),
}  # fmt: skip
_SHORT = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "fr": ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
    "de": ("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."),
}
_DEGREES: Mapping[str, Mapping[int, str]] = {
    "en": {1: "1st", 2: "2nd", 3: "3rd"},
    "fr": {1: "1er", 2: "2e", 3: "3e"},
    "de": {1: "1.", 2: "2.", 3: "3."},
}


@dataclass(frozen=True, slots=True)
class PageFormat:
    """The formats of a page in one language on one day. `in_full` spells months out."""

    language: str
    today: date
    in_full: bool

    def month(self, written: str) -> str:
        """Format `2019-03` as month and year; a year alone stays as it is."""
        year, _, month = written.partition("-")
        names = (_MONTHS if self.in_full else _SHORT)[self.language]
        return f"{names[int(month) - 1]} {year}" if month else year

    def end(self, job: Job) -> str:
        """Format the end of a job, or the word for the present."""
        return self.month(job.ended) if job.ended else TEXTS[self.language]["present"]

    def length(self, job: Job) -> str:
        """Format the duration of a job, with its first and last month; at least a month, or a year."""
        first = _month_number(job.started or "")
        last = _month_number(job.ended or f"{self.today:%Y-%m}")
        if "-" not in f"{job.started}":
            return self._years(max(1, last // 12 - first // 12))
        years, months = divmod(last - first + 1, 12)
        parts = [self._years(years)] * bool(years) + [self._months(months)] * bool(months)
        return " ".join(parts)

    def years(self, school: School) -> str:
        """Format the years of a school; an open end is a dash."""
        if school.ended is None:
            return f"{school.started} – " if school.started else ""
        return f"{school.started} – {school.ended}" if school.started else str(school.ended)

    def degree(self, degree: int) -> str:
        """Format a degree of connection: 1st, 2nd, 3rd."""
        return _DEGREES[self.language][degree]

    def _years(self, count: int) -> str:
        one, many = {"en": ("yr", "yrs"), "fr": ("an", "ans"), "de": ("Jahr", "Jahre")}[self.language]
        return f"{count} {many if count > 1 else one}"

    def _months(self, count: int) -> str:
        one, many = {"en": ("mo", "mos"), "fr": ("mois", "mois"), "de": ("Monat", "Monate")}[self.language]
        return f"{count} {many if count > 1 else one}"


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A person in a list, with the degree of connection to the member."""

    person: Profile
    degree: int


def _month_number(written: str) -> int:
    year, _, month = written.partition("-")
    return int(year) * 12 + int(month or 1) - 1
