"""The reasons with which the quota denies a unit."""

from typing import Final

from worker.errors import Reason

DENIAL_REASONS: Final = frozenset(
    {
        Reason.LIMIT_PAGE,
        Reason.OUTSIDE_HOURS,
        Reason.BREAKER_OPEN,
        Reason.BREAKER_PROBE,
        Reason.GAP,
        Reason.RUN_LIMIT,
        Reason.DAY_LIMIT,
        Reason.WEEK_LIMIT,
        Reason.ALL_DAY_LIMIT,
        Reason.ALL_WEEK_LIMIT,
    }
)
"""Listed in the order in which the quota checks them."""
