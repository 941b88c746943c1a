"""Retries and their waits, and the checks that an effect is absent."""

from collections.abc import Sequence
from datetime import timedelta

MAX_FAILURES = 5
"""Transient failures of one action before it fails, or before a person is asked."""

MAX_PROFILE_OPENS = 2
"""How often one visit may open a profile. The person may see every opening, so there are few retries."""

ABSENCE_CHECKS_NEEDED = 2
"""Checks, a settle time apart, that must find no effect before it counts as absent."""

KEYS_RETRY_WAIT = timedelta(minutes=5)
"""How long an action waits if no key of the worker decrypts its account's session."""

REFUSALS_THAT_HOLD = 3
"""After so many refused greetings to connections in a row, the account counts as held by its site."""

MIN_RETRY_WAIT = timedelta(seconds=30)
MAX_RETRY_WAIT = timedelta(hours=1)


def is_account_held(latest: Sequence[bool]) -> bool:
    """Return whether the site holds the account: it is unlikely that so many people in a row disconnected.

    `latest` says for each greeting whose conversation was opened, the newest first, whether the site refused
    it. A greeting that was sent ends the row.
    """
    row = latest[:REFUSALS_THAT_HOLD]
    return len(row) == REFUSALS_THAT_HOLD and all(row)


def retry_wait(failures: int, jitter: float) -> timedelta:
    """Return how long to wait after `failures` transient failures; `jitter` is in [0, 1).

    Exponential backoff with a cap. Jitter takes between half and all of it, so that actions that failed
    together are not retried together.
    """
    wait = min(MIN_RETRY_WAIT * int(2 ** min(failures, 20)), MAX_RETRY_WAIT)
    return wait * (0.5 + jitter / 2)
