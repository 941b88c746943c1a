"""On which day an account's digest or summary is due, by its own clock."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

SENT_LATE: Final = timedelta(hours=5)
"""A digest is made at most this long after its due time. Later in the day it says nothing new."""


def find_due_day(now: datetime, zone: ZoneInfo, at: time) -> date | None:
    """Return the local day whose digest of `at` o'clock is due at the instant `now`, or None.

    A time that a change of clocks skips is due when the clocks have changed; one that comes twice, the first
    time.
    """
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        due = datetime.combine(day, at, zone).astimezone(UTC)
        if due <= now < due + SENT_LATE:
            return day
    return None
