"""Tell names by which a site or an address book marks somebody who has died."""

import re
import unicodedata
from typing import Final

from worker.rules.names.tables import fold, phrase_set, word_set

DEATH_SIGNS: Final = frozenset("†‡✝✞✟⚰⚱🪦")
YEARS_OF_LIFE: Final = re.compile(
    r"(?<!\d)(?:1[89]|20)\d{2}\s*[-\u2013\u2014/]\s*(?:†\s*)?(?:19|20)\d{2}(?!\d)"
)
"""The years of birth and death."""
_BETWEEN_WORDS: Final = re.compile(r"[\s,;:()\[\]|/\u060c]+")


def has_died(full_name: str) -> bool:
    """Return whether a display name says that the person has died: a sign, the years of a life, or words."""
    if not DEATH_SIGNS.isdisjoint(full_name) or YEARS_OF_LIFE.search(full_name):
        return True
    text = unicodedata.normalize("NFC", full_name)
    keys = [fold(word.replace('"', "")) for word in _BETWEEN_WORDS.split(text) if word]
    if not keys:
        return False
    if any(key in word_set("died", "anywhere") for key in keys):
        return True
    is_first = keys[0] in word_set("died", "first") and len(keys) > 1
    beginnings = phrase_set("died", "phrases")
    return is_first or any(tuple(keys[:count]) in beginnings for count in (2, 3))
