"""How often and how long: retries of passing faults, looks at uncertain effects."""

from datetime import timedelta

MAX_FAILURES = 5
"""Passing faults of one action before it ends as failed, or before a person is asked."""

LOOKS_NEEDED = 2
"""Looks, a settle time apart, that must find nothing before an effect is absent (design §2)."""

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)


def retry_wait(failures: int, jitter: float) -> timedelta:
    """Return how long to wait after `failures` passing faults, spread by `jitter` in [0, 1).

    Doubles up to a cap, then takes between one half and the whole of it, so that what failed together does
    not come back together.
    """
    wait = min(FIRST_WAIT * int(2 ** min(failures, 20)), LONGEST_WAIT)
    return wait * (0.5 + jitter / 2)
