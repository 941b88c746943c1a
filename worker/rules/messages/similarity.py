"""Compare two messages as their reader would."""

import re
import unicodedata
from collections.abc import Iterable

from rapidfuzz import fuzz

from worker.rules.names.spoken_name import SpokenName

SAME_MESSAGE_THRESHOLD = 0.8
"""Texts with this similarity or more count as the same.

Measured on the default templates: two of one language reach 0.65 at most (a test keeps them below 0.7); the
same text with other emoji, capitals or punctuation has 1; the shortest default with another person's name
has 0.81. The threshold lies between: it catches repeated words and lets different ones pass.
"""

_UNSPACED_FROM = "\u2e80"
"""Scripts from here on in Unicode put no spaces between words, so a name may touch its neighbours."""


def normalise_text(text: str, *, names: Iterable[str] = ()) -> str:
    """Return only the letters and digits of `text`, casefolded (NFKC), without `names`."""
    folded = _folded(text)
    for name in sorted(filter(None, map(_folded, names)), key=len, reverse=True):
        bounds = ("", "") if name >= _UNSPACED_FROM else (r"(?<!\w)", r"(?!\w)")
        folded = re.sub(re.escape(name).join(bounds), " ", folded)
    return "".join(character for character in folded if character.isalnum())


def similarity(one: str, other: str, *, name: SpokenName | None = None) -> float:
    """Return how similar two texts to one person are, from 0 to 1, ignoring the person's name.

    It is the share of characters that both have in the same order (rapidfuzz's ratio), and symmetric.
    """
    names = (name.first, name.full) if name else ()
    left, right = (normalise_text(text, names=names) for text in (one, other))
    return 1.0 if left == right else fuzz.ratio(left, right) / 100


def is_same_message(one: str, other: str, *, name: SpokenName | None = None) -> bool:
    """Return whether the person would read `other` as a repetition of `one`."""
    return similarity(one, other, name=name) >= SAME_MESSAGE_THRESHOLD


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
