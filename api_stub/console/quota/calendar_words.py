"""Names of days and months in the language of a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from babel import dates

from api_stub.console.i18n import FORMATS


@dataclass(frozen=True, slots=True)
class CalendarWords:
    """What templates call days and months, in the language `locale`."""

    locale: str

    @property
    def weekdays(self) -> Sequence[str]:
        """The short names of the days, Monday first."""
        names = dates.get_day_names("abbreviated", locale=FORMATS[self.locale])
        return [names[day] for day in range(7)]

    def short_day(self, on: date) -> str:
        """Name a day without its year."""
        return dates.format_skeleton("MMMd", on, locale=FORMATS[self.locale])

    def full_day(self, on: date) -> str:
        """Name a day with its year."""
        return dates.format_skeleton("yMMMd", on, locale=FORMATS[self.locale])

    def month(self, first: date) -> str:
        """Name a month with its year."""
        return dates.format_skeleton("yMMMM", first, locale=FORMATS[self.locale])

    def short_month(self, first: date) -> str:
        """Name a month shortly, without its year."""
        return dates.format_date(first, "LLL", locale=FORMATS[self.locale])
