"""Given names of several words, and words that begin a family name."""

from collections.abc import Sequence

from worker.rules.names.given import DOUBT, Found
from worker.rules.names.given_names import is_given_name
from worker.rules.names.orders.syllables import is_burmese
from worker.rules.names.scripts import script_of
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
    if keys[0] == "ben" and len(words) == 2 and is_given_name(words[1], "ar"):
        return DOUBT  # Ben Salah
    if language == "my" or (all(map(is_burmese, words)) and any(len(key) > 3 for key in keys)):
        return _find_burmese(words)
    return _find_joined(words, keys)


def _find_joined(words: Sequence[str], keys: Sequence[str]) -> Found:
    """Return a name that ends with an Arabic article and a word: Nour El Din, Noor ud-Din."""
    if len(keys) > 1 and keys[1] in word_set("compounds", "joined_second"):
        return tuple(words[:2])
    has_article = len(keys) > 2 and keys[1] in word_set("compounds", "articles")
    return tuple(words[:3]) if has_article and keys[2] in word_set("compounds", "after_article") else None


def _find_burmese(words: Sequence[str]) -> Found:
    """Return the whole of a Burmese name, which has no family name."""
    return tuple(words) if len(words) <= 4 else DOUBT


def _find_servant(words: Sequence[str], keys: Sequence[str]) -> Found:
    """Return Abd and Abdul with the name of God that follows; alone they are no name."""
    place = 2 if keys[1:2] and keys[1] in word_set("compounds", "articles") else 1
    if len(keys) <= place:
        return DOUBT
    key = keys[place].removeprefix("al-").removeprefix("el-").removeprefix("ar-").removeprefix("as-")
    if key in word_set("compounds", "names_of_god") or script_of(key) != "LATIN":
        return tuple(words[: place + 1])
    return DOUBT
