"""Given names of several words, and words that begin a family name."""

from collections.abc import Sequence

from worker.rules.names.given import DOUBT, Found
from worker.rules.names.syllables import is_burmese
from worker.rules.names.tables import fold, word_set


def find_compound(words: Sequence[str], language: str | None) -> Found:
    """Return a given name that is called by more than its first word: Abdul Rahman, Nour El Din, Aung San.

    What begins with a particle (van der Berg, Al Rashid, Abu Ahmed) shows only a family name or is in doubt.
    """
    keys = [fold(word) for word in words]
    if keys[0] in word_set("compounds", "servant"):
        return _find_servant(words, keys)
    if keys[0] in word_set("compounds", "father"):
        known = len(keys) > 1 and keys[1] in word_set("compounds", "after_father")
        return tuple(words[:2]) if known else DOUBT
    if keys[0] in word_set("compounds", "particles") or keys[0].startswith(("al-", "el-", "bin-", "ibn-")):
        return DOUBT
    if len(keys) > 1 and keys[1] in word_set("compounds", "joined_second"):
        return tuple(words[:2])
    if (
        len(keys) > 2
        and keys[1] in word_set("compounds", "articles")
        and keys[2] in word_set("compounds", "after_article")
    ):
        return tuple(words[:3])
    if len(words) > 1 and (language == "my" or all(map(is_burmese, words))):
        return tuple(words) if len(words) <= 4 else DOUBT
    return None


def _find_servant(words: Sequence[str], keys: Sequence[str]) -> Found:
    """Return Abd and Abdul with the name of God that follows; alone they are no name."""
    place = 2 if keys[1:2] and keys[1] in word_set("compounds", "articles") else 1
    if len(keys) <= place:
        return DOUBT
    key = keys[place].removeprefix("al-").removeprefix("el-").removeprefix("ar-").removeprefix("as-")
    if key in word_set("compounds", "names_of_god") or not key.isascii():
        return tuple(words[: place + 1])
    return DOUBT
