"""The range of days that Rapport accepts.

Python's calendar covers the years 1 to 9999. A day at its edge has no neighbour, and no instant in some time
zones, so days far outside a person's life are refused.
"""

from datetime import date
from typing import Final

FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2200, 12, 31)


def require_supported_day(day: date) -> date:
    """Return `day`. Raises ValueError, with a text for a person, if it is before 1900 or after 2200."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"{day} is out of range: days from {FIRST_DAY} to {LAST_DAY} are accepted")
    return day
