"""Times and days as plain text, for sentences. Pages use the filters `time`, `moment` and `day`."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import dates

from api_stub.console.i18n import FORMATS


def format_moment(instant: datetime, zone: ZoneInfo, locale: str) -> str:
    """Return the day and the time of an instant in `zone`."""
    local = instant.astimezone(zone)
    return f"{format_day(local.date(), locale)}, {local:%H:%M}"


def format_near(instant: datetime, now: datetime, zone: ZoneInfo, locale: str) -> str:
    """Return the time of an instant in `zone`, with its day unless that is the day of `now`."""
    local = instant.astimezone(zone)
    is_today = local.date() == now.astimezone(zone).date()
    return f"{local:%H:%M}" if is_today else format_moment(instant, zone, locale)


def format_day(on: date, locale: str) -> str:
    """Return a day without its year, in words."""
    return dates.format_skeleton("MMMd", on, locale=FORMATS[locale])
