"""Suggest a known name for a mistyped one."""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice
from typing import Final

_MOST_COMPARED: Final = 2_000
_MOST_SUGGESTED: Final = 3
_CUTOFF: Final = 0.6
"""Similarity by difflib's ratio, from 0 to 1."""


def suggest_names(given: str, known: Iterable[str]) -> list[str]:
    """Return the known names most like `given`, best first; case is ignored. Compares 2 000 at most."""
    by_key: dict[str, str] = {}
    for name in islice(known, _MOST_COMPARED):
        by_key.setdefault(name.casefold(), name)
    key = given.strip().casefold()
    near = get_close_matches(key, by_key, n=_MOST_SUGGESTED, cutoff=_CUTOFF)
    beginning = (each for each in by_key if key and each.startswith(key) and each not in near)
    return [by_key[each] for each in [*near, *beginning][:_MOST_SUGGESTED]]


def did_you_mean(names: Iterable[str]) -> str:
    """Return "did you mean a, b or c?", or an empty text without names."""
    *first, last = [*names] or [""]
    listed = f"{', '.join(first)} or {last}" if first else last
    return f"did you mean {listed}?" if listed else ""
