"""The breaker of an account and kind: passing faults in a row open it, one probe at a time closes it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """What a use of the quota says about the site's health; NONE says nothing."""

    SUCCESS = "success"
    FAILURE = "failure"
    NONE = ""


THRESHOLD: Final = 3
"""Passing faults in a row, of whatever action, that open it: fewer than it takes to fail one action."""
FIRST_WAIT: Final = timedelta(minutes=5)
LONGEST_WAIT: Final = timedelta(hours=4)
"""It stays open for `FIRST_WAIT`, twice as long each time the probe fails, `LONGEST_WAIT` at most."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """`open_until` None: closed. Past: half-open, and `probe` is the one reservation let through."""

    failures: int = 0
    openings: int = 0
    open_until: datetime | None = None
    probe: str | None = None


def record_outcome(breaker: Breaker, outcome: Outcome, reservation_id: str, now: datetime) -> Breaker:
    """Return the breaker after the outcome of one reservation. While it is open, only its probe counts."""
    is_probe = breaker.probe == reservation_id
    if breaker.open_until is not None and not is_probe:
        return breaker
    if outcome is Outcome.SUCCESS:
        return Breaker()
    if outcome is Outcome.NONE:
        return breaker
    failures = breaker.failures + 1
    if not is_probe and failures < THRESHOLD:
        return replace(breaker, failures=failures)
    wait = min(FIRST_WAIT * int(2 ** min(breaker.openings, 30)), LONGEST_WAIT)
    return Breaker(failures, breaker.openings + 1, now + wait)
