"""Whether two messages say the same, to the person who reads them."""

import re
import unicodedata
from collections.abc import Iterable

from rapidfuzz import fuzz

from worker.rules.names.spoken_name import SpokenName

SAME_MESSAGE_THRESHOLD = 0.8
"""Texts as similar as this, or more, count as the same.

Measured on the defaults: two of one language reach 0.65 at most (the tests hold them below 0.7), and a text
with other emoji, capitals or punctuation is at 1. With a name in it that isn't the person's, the shortest
default is still at 0.81. So it lies where the same words said again are caught and other words are not.
"""

_UNSPACED_FROM = "\u2e80"
"""From here on in Unicode scripts put no blanks between words, so a name may touch what is beside it."""


def normalise_text(text: str, *, names: Iterable[str] = ()) -> str:
    """Return the letters and digits of `text` alone, in small letters, with `names` taken out (NFKC)."""
    folded = _folded(text)
    for name in sorted(filter(None, map(_folded, names)), key=len, reverse=True):
        bounds = ("", "") if name >= _UNSPACED_FROM else (r"(?<!\w)", r"(?!\w)")
        folded = re.sub(re.escape(name).join(bounds), " ", folded)
    return "".join(character for character in folded if character.isalnum())


def similarity(one: str, other: str, *, name: SpokenName | None = None) -> float:
    """Return how much two texts to one person say the same, from 0 to 1; the person's name doesn't count.

    It is the share of letters that both have in the same order (rapidfuzz's ratio), so it is symmetric.
    """
    names = (name.first, name.full) if name else ()
    left, right = (normalise_text(text, names=names) for text in (one, other))
    return 1.0 if left == right else fuzz.ratio(left, right) / 100


def is_same_message(one: str, other: str, *, name: SpokenName | None = None) -> bool:
    """Return whether the person would read `other` as `one` once more."""
    return similarity(one, other, name=name) >= SAME_MESSAGE_THRESHOLD


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
