"""Find the given name among the words of a name, after titles and before degrees."""

from collections.abc import Sequence

from worker.rules.names.casing import is_in_capitals
from worker.rules.names.compounds import find_compound
from worker.rules.names.family_names import is_family_name
from worker.rules.names.given import DOUBT, Found
from worker.rules.names.given_names import is_european_given_name, is_given_name
from worker.rules.names.orders.family_first import find_family_first
from worker.rules.names.orders.slavic import find_slavic, is_family_shaped
from worker.rules.names.orders.syllables import is_japanese
from worker.rules.names.scripts import script_of
from worker.rules.names.tables import fold
from worker.rules.names.titles import is_initial

_UNKNOWN_ORDER = frozenset({"km", "mn"})
"""Languages whose family or father's name comes first, and for which there is no table."""


def find_given_name(words: Sequence[str], language: str | None) -> Found:
    """Return the words of the given name, or DOUBT. `language` is that in which the name is read, or None."""
    script = script_of(words[0])
    whole = [word for word in words if not is_initial(word)] or list(words)
    if len(whole) == 1 and _is_family_name_alone(whole[0], script):
        return DOUBT
    if script == "LATIN" and (found := find_family_first(whole, language)) is not None:
        return found
    for found in (find_compound(whole, language), find_slavic(whole, script), _find_beside_capitals(whole)):
        if found is not None:
            return found
    if language in _UNKNOWN_ORDER and len(whole) > 1:
        return DOUBT
    if len(whole) > 1 and _may_be_family_first(whole):
        return DOUBT
    return (whole[0],)


def _may_be_family_first(words: Sequence[str]) -> bool:
    """Return whether a name without other signs may have its family name first: Huber Martin, Wolny Ewa."""
    if is_given_name(words[0]):
        return False
    if is_family_name(words[0]) or "-" in words[0]:
        return any(map(is_given_name, words[1:]))
    if is_japanese(words[0]) and is_given_name(words[-1], "ja"):
        return True  # Kurosaki Akira
    if len(words) > 2 and is_given_name(words[1]):
        return True  # Unlisted Robert Marsh
    return is_european_given_name(words[-1]) and not any(map(is_given_name, words[:-1]))


def _is_family_name_alone(word: str, script: str) -> bool:
    key = word.casefold()
    if key.startswith(("o'", "o\u2019", "mc")) and script == "LATIN":
        return True
    return is_family_name(word) or (is_family_shaped(word, script) and not is_given_name(word))


def _find_beside_capitals(words: Sequence[str]) -> Found:
    """Return the given name beside a family name in capitals (DUPONT Anne), or None without capitals."""
    if not is_in_capitals(words[0]):
        return None
    after = next((word for word in words if not is_in_capitals(word)), "")
    if not after[:1].isupper() or after.isupper() or fold(after) == "the":
        return None
    if is_given_name(words[0]) and not is_given_name(after):
        return (words[0],)
    return (after,)
