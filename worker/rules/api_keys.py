"""Named keys of the HTTP API: their form, what a secret is worth now, and whom the records name.

A key is `rpt_<public id>_<secret>`. The public id finds the row, and may be logged. The secret has 256 random
bits, so its SHA-256 is stored, and no slow hash such as Argon2: nobody can try 2^256 secrets, and a slow hash
would let anyone keep the server busy with wrong ones.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from worker.errors import RequestRefusedError
from worker.rules.access import KeyScope
from worker.rules.console.users import FIRST_OWNER, NAME_FORM

BUILT_IN_KEY: Final = "api"
"""The name of the key in RAPPORT_API_KEY."""
RESERVED_NAMES: Final = (BUILT_IN_KEY, FIRST_OWNER)
PUBLIC_ID_FORM: Final = "[0-9a-f]{12}"
KEY_MARK: Final = "rpt_"

DEFAULT_PER_MINUTE: Final = 600
DEFAULT_BURST: Final = 100
MOST_REQUESTS: Final = 100_000
"""The highest limit that a key may be given, in a minute or at once."""

OVERLAP: Final = timedelta(hours=24)
"""How long the former secret is valid after a rotation, unless another time is given."""
_LONGEST_OVERLAP: Final = timedelta(days=30)
_LONGEST_LIFE: Final = timedelta(days=3650)

_KEY: Final = re.compile(rf"{KEY_MARK}({PUBLIC_ID_FORM})_([A-Za-z0-9_-]{{43}})")
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_MOST_ACTOR_CHARACTERS: Final = 200


class Verdict(StrEnum):
    """What a given secret of a key is."""

    VALID = "valid"
    WRONG = "wrong"
    ROTATED_OUT = "rotated_out"
    EXPIRED = "expired"
    REVOKED = "revoked"


class KeyState(StrEnum):
    """Whether a key may be used."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key as it is checked. The hashes are SHA-256; `scopes` are those that it was given."""

    id: int
    name: str
    public_id: str
    secret_hash: bytes = field(repr=False)
    former_hash: bytes | None = field(repr=False)
    former_until: datetime | None
    scopes: frozenset[KeyScope]
    per_minute: int
    burst: int
    expires_at: datetime | None
    revoked_at: datetime | None


def format_key(public_id: str, secret: str) -> str:
    """Return the whole key, as its owner gets it."""
    return f"{KEY_MARK}{public_id}_{secret}"


def parse_key(given: str) -> tuple[str, str] | None:
    """Return the public id and the secret of a key; None for a text of another form."""
    found = _KEY.fullmatch(given)
    return (found[1], found[2]) if found else None


def judge_secret(key: NamedKey, given_hash: bytes, now: datetime) -> Verdict:
    """Return what a secret with this hash is. Only who has the secret learns why a key has ended."""
    is_current = hmac.compare_digest(key.secret_hash, given_hash)
    is_former = hmac.compare_digest(key.former_hash or b"", given_hash)
    if not (is_current or is_former):
        return Verdict.WRONG
    state = find_state(key.expires_at, key.revoked_at, now)
    if state is not KeyState.ACTIVE:
        return Verdict(state)
    if not is_current and (key.former_until is None or key.former_until <= now):
        return Verdict.ROTATED_OUT
    return Verdict.VALID


def find_state(expires_at: datetime | None, revoked_at: datetime | None, now: datetime) -> KeyState:
    """Return whether a key may be used now."""
    if revoked_at is not None:
        return KeyState.REVOKED
    return KeyState.EXPIRED if expires_at is not None and expires_at <= now else KeyState.ACTIVE


def describe_actor(key: str, by: str | None) -> str:
    """Return whom the records name: the key, and whom its owner says that it acts for.

    The key's name comes first and has no spaces, so that nothing in `by` can stand for it or cut it off.
    """
    return key if by is None else f"{key} (for {by})"[:_MOST_ACTOR_CHARACTERS]


def check_key_name(given: str) -> None:
    """Raise RequestRefusedError, with the rule, for a text that can't be the name of a new key."""
    if re.fullmatch(NAME_FORM, given) is None:
        raise RequestRefusedError(
            f"{given[:60]!r} can't be a key's name: use lower-case letters, digits, '.', '_' and '-', at "
            "most 40, beginning with a letter or digit"
        )
    if given == BUILT_IN_KEY:
        raise RequestRefusedError(f"{given!r} is the name of the key in RAPPORT_API_KEY: choose another one")
    if given == FIRST_OWNER:
        raise RequestRefusedError(f"{given!r} is the console's first user: choose another name for the key")


def parse_scopes(given: Iterable[str]) -> frozenset[KeyScope]:
    """Return the scopes in texts such as `read` or `control,approve`. Raises RequestRefusedError."""
    words = {word.strip() for text in given for word in text.split(",")}
    wrong = sorted(words - set(KeyScope))
    if wrong or not words:
        said = f"{wrong[0][:60]!r} is no scope" if wrong else "a key needs a scope"
        raise RequestRefusedError(f"{said}: give one or more of {', '.join(KeyScope)}")
    return frozenset(map(KeyScope, words))


def parse_lifetime(text: str) -> timedelta:
    """Parse how long a key lives: `90d`. Raises RequestRefusedError."""
    return _parse_span(text, at_least=timedelta(minutes=1), at_most=_LONGEST_LIFE, such_as="90d")


def parse_overlap(text: str) -> timedelta:
    """Parse how long a former secret stays valid: `24h`, or `0m`. Raises RequestRefusedError."""
    return _parse_span(text, at_least=timedelta(0), at_most=_LONGEST_OVERLAP, such_as="24h")


def _parse_span(text: str, *, at_least: timedelta, at_most: timedelta, such_as: str) -> timedelta:
    found = re.fullmatch(r"([0-9]{1,7})([mhd])", text.strip())
    span = int(found[1]) * _UNITS[found[2]] if found else None
    if span is None or not at_least <= span <= at_most:
        raise RequestRefusedError(
            f"{text[:60]!r} isn't a duration here: write minutes, hours or days, such as {such_as}, at most "
            f"{at_most.days}d"
        )
    return span
