"""The time that a restored backup has lost: what was sent then is known only to the site."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

REMEMBERED: Final = timedelta(days=45)
"""For how long after a restoration its gap is looked at: longer than a greeting may be late or too early."""
_TOO_EARLY: Final = timedelta(days=31)
"""A birthday may have been corrected since the backup. So a message of the gap may greet a later day."""


@dataclass(frozen=True, slots=True)
class LedgerGap:
    """From the backup to its restoration. Whole days count, because a site may show only these."""

    since: datetime
    until: datetime

    def may_have_greeted(self, at: datetime, occasion_on: date, zone: ZoneInfo) -> bool:
        """Return whether a message of ours at `at` may be a lost greeting for the occasion."""
        first, last, sent_on = (each.astimezone(zone).date() for each in (self.since, self.until, at))
        return first <= sent_on <= last and occasion_on <= last + _TOO_EARLY

    def touches(self, occasion_on: date, zone: ZoneInfo) -> bool:
        """Return whether somebody may have been greeted for the occasion in the gap."""
        return occasion_on <= self.until.astimezone(zone).date()
