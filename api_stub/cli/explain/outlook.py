"""Say in words when a greeting goes out, from the forecast that everything shown to a person relies on."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from api_stub.cli.formatting import describe_reason, format_time
from api_stub.cli.wording import format_day
from worker.errors import Reason


def describe_outlook(
    at: datetime | None, waits_for: Reason | None, until: date | None, zone: ZoneInfo
) -> str:
    """Say when it goes out, and what it waits for; without `at`, that it will be too late.

    `until` is its last day.
    """
    because = f": {describe_reason(waits_for)}" if waits_for else ""
    if at is not None:
        return f"about {format_time(at, zone)}{because}"
    last = f", its last day is {format_day(until)}" if until else ""
    return f"too late{last}{because}"
