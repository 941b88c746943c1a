"""Which days Rapport deals with.

Python's calendar ends at the years 1 and 9999: a day there has no day before or after it, and no instant in
some time zones. Who gives such a day has made a mistake, and is told.
"""

from datetime import date
from typing import Final

FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2200, 12, 31)


def require_supported_day(day: date) -> date:
    """Return `day`. Raises ValueError, with a text for a person, unless it is from 1900 to 2200."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"{day} is out of range: days from {FIRST_DAY} to {LAST_DAY} are taken")
    return day
