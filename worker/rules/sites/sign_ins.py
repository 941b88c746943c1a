"""How long a stored sign-in lasts."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

WARN_BEFORE: Final = timedelta(days=7)
"""A week, so that somebody who is away for some days still reads it in time."""
_WARNINGS: Final = (timedelta(days=1), WARN_BEFORE)
"""When a person is told of it, the last first."""


class Expiry(StrEnum):
    """Whether a sign-in has expired or soon will. The site may end it at any time."""

    LATER = "later"
    SOON = "soon"
    OVER = "over"
    UNKNOWN = "unknown"


def judge_expiry(expires_at: datetime | None, now: datetime) -> Expiry:
    """Return the state of a session whose key cookie expires at `expires_at`; None means not known."""
    if expires_at is None:
        return Expiry.UNKNOWN
    if expires_at <= now:
        return Expiry.OVER
    return Expiry.SOON if expires_at - now <= WARN_BEFORE else Expiry.LATER


def find_warning(expires_at: datetime, now: datetime) -> timedelta | None:
    """Return which warning is due: the shortest time before the end that has begun, or None."""
    return next((before for before in _WARNINGS if expires_at - now <= before), None)
