"""The result of the rules that look for the given name among the words of a name."""

from typing import Final

Found = tuple[str, ...] | None
"""The words of the given name, () if it is in doubt, or None if the rule says nothing about the name."""

DOUBT: Final[tuple[str, ...]] = ()
