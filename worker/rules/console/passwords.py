"""Which passwords are accepted, and how long to wait after wrong ones."""

import unicodedata
from datetime import timedelta
from typing import Final

from worker.errors import RequestRefusedError

LEAST_CHARACTERS: Final = 10
MOST_CHARACTERS: Final = 200
_LEAST_DIFFERENT: Final = 5

FREE_ATTEMPTS: Final = 5
"""Wrong passwords for one name without a wait: typing errors."""
_FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=15)
"""At this pace, a year allows about 35 000 guesses for a name."""


def normalise_password(given: str) -> str:
    """Return a password in the form that is hashed (NFC): keyboards compose accents differently."""
    return unicodedata.normalize("NFC", given)


def check_password(given: str, *, user: str) -> None:
    """Raise RequestRefusedError if a new password is too short, too long, or easily guessed from the name."""
    password = normalise_password(given)
    if len(password) < LEAST_CHARACTERS:
        raise RequestRefusedError(f"a password has at least {LEAST_CHARACTERS} characters")
    if len(password) > MOST_CHARACTERS:
        raise RequestRefusedError(f"a password has at most {MOST_CHARACTERS} characters")
    if len(set(password)) < _LEAST_DIFFERENT:
        raise RequestRefusedError(f"a password has at least {_LEAST_DIFFERENT} different characters")
    rest = password.casefold().replace(user.casefold(), "")
    if len(rest) < LEAST_CHARACTERS // 2:
        raise RequestRefusedError("a password is more than the user's name with a few characters around it")


def wait_after(attempts: int) -> timedelta:
    """Return how long a name waits for its next attempt, after so many in a row that failed."""
    if attempts < FREE_ATTEMPTS:
        return timedelta(0)
    doublings = min(attempts - FREE_ATTEMPTS, 10)
    return min(_FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
