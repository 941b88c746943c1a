"""What a key of the HTTP API may do."""

from collections.abc import Iterable
from enum import StrEnum


class KeyScope(StrEnum):
    """A right of a key. `control` and `approve` imply `read`; `admin` implies all others."""

    READ = "read"
    CONTROL = "control"
    APPROVE = "approve"
    ADMIN = "admin"


def expand_scopes(scopes: Iterable[KeyScope]) -> frozenset[KeyScope]:
    """Return the given scopes with those that they imply; of none, none."""
    given = frozenset(scopes)
    if KeyScope.ADMIN in given:
        return frozenset(KeyScope)
    return given | {KeyScope.READ} if given else given
