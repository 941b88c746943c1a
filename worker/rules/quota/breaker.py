"""The circuit breaker of an account and kind: consecutive failures open it, a successful probe closes it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """What a use of the quota shows about the site's health; NONE shows nothing."""

    SUCCESS = "success"
    FAILURE = "failure"
    NONE = ""


THRESHOLD: Final = 3
"""Consecutive failures, of any actions, that open it: fewer than make one action fail."""
FIRST_WAIT: Final = timedelta(minutes=5)
LONGEST_WAIT: Final = timedelta(hours=4)
"""It stays open for `FIRST_WAIT`, then twice as long after each failed probe, at most `LONGEST_WAIT`."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """Closed while `open_until` is None; half-open once it has passed: then only `probe` is let through.

    `failures` counts consecutive failures, `openings` how often it opened without closing in between.
    """

    failures: int = 0
    openings: int = 0
    open_until: datetime | None = None
    probe: str | None = None


def record_outcome(breaker: Breaker, outcome: Outcome, reservation_id: str, now: datetime) -> Breaker:
    """Return the breaker after a reservation's outcome. Unless it is closed, only its probe counts."""
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
