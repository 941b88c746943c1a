"""How often and how long: retries of passing faults, and looks at uncertain effects."""

from datetime import timedelta

MAX_FAILURES = 5
"""Passing faults of one action before it ends as failed, or before a person is asked."""

MAX_PROFILE_OPENS = 2
"""Times that one visit opens a profile whose reading was cut short: its person may see each of them."""

ABSENCE_CHECKS_NEEDED = 2
"""Looks, a settle time apart, that must find nothing before an effect is absent (design §2)."""

KEYS_RETRY_WAIT = timedelta(minutes=5)
"""When a worker tries again to open a session that its keys don't open."""

MIN_RETRY_WAIT = timedelta(seconds=30)
MAX_RETRY_WAIT = timedelta(hours=1)


def retry_wait(failures: int, jitter: float) -> timedelta:
    """Return how long to wait after `failures` passing faults, spread by `jitter` in [0, 1).

    Doubles up to a cap, then takes between one half and the whole of it, so that what failed together does
    not come back together.
    """
    wait = min(MIN_RETRY_WAIT * int(2 ** min(failures, 20)), MAX_RETRY_WAIT)
    return wait * (0.5 + jitter / 2)
