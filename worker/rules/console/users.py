"""Users of the console: their names, and what each role may do."""

import re
from enum import StrEnum
from typing import Final

from worker.errors import RequestRefusedError

NAME_FORM: Final = "[a-z0-9][a-z0-9._-]{0,39}"
"""A regular expression for a whole name."""
FIRST_OWNER: Final = "owner"
"""The user that the first start creates."""


class Role(StrEnum):
    """What a user may do: a viewer reads; an approver also decides, pauses and stops; an owner does all."""

    VIEWER = "viewer"
    APPROVER = "approver"
    OWNER = "owner"

    def includes(self, other: "Role") -> bool:
        """Return whether this role may do all that the other one may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Language(StrEnum):
    """The languages that a user may choose for the console."""

    ENGLISH = "en"
    FRENCH = "fr"


def is_user_name(given: str) -> bool:
    """Return whether a user could have this name."""
    return re.fullmatch(NAME_FORM, given) is not None


def check_user_name(given: str) -> None:
    """Raise RequestRefusedError, with the rule, for a text that can't be a user's name."""
    if not is_user_name(given):
        raise RequestRefusedError(
            f"{given[:60]!r} can't be a user's name: use lower-case letters, digits, '.', '_' and '-', at "
            "most 40, beginning with a letter or digit"
        )
