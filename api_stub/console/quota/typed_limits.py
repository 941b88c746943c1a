"""Limits as a form shows and takes them, with a message beside each field that can't be used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

from api_stub.console.forms import PostedForm
from worker.errors import RequestRefusedError
from worker.rules.quota import notation
from worker.rules.quota.limits import Limits, Totals
from worker.rules.quota.windows import ALL_WEEK, Hours

Gettext = Callable[[str], str]

MOST: Final = 100_000
"""The largest count that can be typed, as on the command line."""
_LONGEST_FIELD: Final = 20
_LONGEST_GAP: Final = timedelta(days=1)
_NOTHING: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class TypedLimits:
    """What the fields hold: texts by name, and the days that are ticked (0 is Monday)."""

    fields: Mapping[str, str]
    days: frozenset[int]


def write(limits: Limits | Totals) -> TypedLimits:
    """Return limits as a form shows them."""
    counts = {"per_day": str(limits.per_day), "per_week": str(limits.per_week)}
    if isinstance(limits, Totals):
        return TypedLimits(counts, frozenset())
    others = {
        "per_run": str(limits.per_run),
        "reserved_per_day": str(limits.reserved_per_day),
        "gap_min": notation.format_gap(limits.gap_min, limits.gap_min),
        "gap_max": notation.format_gap(limits.gap_max, limits.gap_max),
        "opens": notation.format_clock_time(limits.hours.opens),
        "closes": notation.format_clock_time(limits.hours.closes),
    }
    return TypedLimits(counts | others, limits.hours.days)


def collect(form: PostedForm, before: Limits | Totals) -> TypedLimits:
    """Return what a form holds for the limits `before`, as it was typed. Raises FormRefusedError."""
    fields = {name: form.text(name, most=_LONGEST_FIELD) for name in write(before).fields}
    ticked = {str(day): day for day in ALL_WEEK}
    return TypedLimits(fields, frozenset(ticked[each] for each in form.texts("days") if each in ticked))


@dataclass(slots=True)
class LimitsReader:
    """Reads typed limits under a site's hard `ceiling`, and collects what is wrong with each field."""

    typed: TypedLimits
    ceiling: Totals | None
    gettext: Gettext
    errors: dict[str, str] = field(default_factory=dict)

    def read(self, before: Limits | Totals) -> Limits | Totals | None:
        """Return the typed limits, or None if a field is wrong: then `errors` says which and why."""
        day, week = self._read_count("per_day"), self._read_count("per_week")
        self._check_windows(day, week)
        if isinstance(before, Totals):
            return None if self.errors else Totals(day, week)
        reserved, run = self._read_count("reserved_per_day"), self._read_count("per_run")
        if reserved == before.reserved_per_day:  # as it was: it follows a lower limit of the day
            reserved = min(reserved, day)
        if reserved > day:
            self._refuse("reserved_per_day", self.gettext("That is more than the limit of the day."))
        (shortest, longest), hours = self._read_gap(), self._read_hours()
        if self.errors:
            return None
        return replace(
            before,
            per_run=run,
            per_day=day,
            per_week=week,
            reserved_per_day=reserved,
            gap_min=shortest,
            gap_max=longest,
            hours=hours,
        )

    def _refuse(self, name: str, message: str) -> None:
        self.errors.setdefault(name, message)

    def _read_count(self, name: str) -> int:
        text = self.typed.fields[name]
        if text.isascii() and text.isdigit() and int(text) <= MOST:
            return int(text)
        self._refuse(name, self.gettext("Write a whole number, 0 or more. 0 allows nothing."))
        return 0

    def _check_windows(self, day: int, week: int) -> None:
        if self.ceiling is not None:
            above = self.gettext("The hard ceiling of this site is %(ceiling)s.")
            if day > self.ceiling.per_day:
                self._refuse("per_day", above % {"ceiling": self.ceiling.per_day})
            if week > self.ceiling.per_week:
                self._refuse("per_week", above % {"ceiling": self.ceiling.per_week})
        if day > week:
            self._refuse(
                "per_day", self.gettext("That is more than the limit of 7 days, so it can't be used.")
            )

    def _read_gap(self) -> tuple[timedelta, timedelta]:
        shortest, longest = self._read_duration("gap_min"), self._read_duration("gap_max")
        if shortest > longest:
            self._refuse("gap_max", self.gettext("The longest gap is shorter than the shortest."))
        elif longest > _LONGEST_GAP:
            self._refuse("gap_max", self.gettext("A gap is a day at most."))
        return shortest, longest

    def _read_duration(self, name: str) -> timedelta:
        try:
            return notation.parse_duration(self.typed.fields[name])
        except RequestRefusedError:
            self._refuse(name, self.gettext("Write a duration such as 90s, 2m or 1h."))
            return _NOTHING

    def _read_hours(self) -> Hours:
        opens, closes = self.typed.fields["opens"], self.typed.fields["closes"]
        if not self.typed.days:
            self._refuse("days", self.gettext("Choose at least one day."))
        try:
            times = notation.parse_hours(f"{opens}-{closes}")
        except RequestRefusedError:
            self._refuse("opens", self.gettext("Write two times such as 07:00 and 19:00."))
            return Hours()
        try:
            return Hours(*times, self.typed.days or ALL_WEEK)
        except ValueError:
            self._refuse("closes", self.gettext("It must close after it opens, at 24:00 at the latest."))
            return Hours()


def read_warm_up(typed: str, today: date, gettext: Gettext) -> tuple[date | None, Mapping[str, str]]:
    """Return the first day of a warm-up, or what is wrong with the field `from`."""
    try:
        return notation.parse_date(typed, today), {}
    except RequestRefusedError:
        return None, {"from": gettext("Choose today or an earlier day.")}
