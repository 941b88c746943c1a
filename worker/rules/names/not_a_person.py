"""Tell names that are no person's: a site's stand-ins, companies, groups."""

from collections.abc import Sequence
from itertools import pairwise

from worker.rules.names.given_names import is_given_name
from worker.rules.names.tables import exact_set, fold, phrase_set, read_table, word_set

_AND = frozenset({"and", "und", "et", "og", "och", "en", "y", "e", "i", "и", "та", "și", "si", "ve", "και"})

_LONGEST_SHORT_FORM = 3
"""Letters. Longer legal forms are no names, also before a name (Sarl Dupont)."""


def is_stand_in(words: Sequence[str]) -> bool:
    """Return whether a site shows these words for somebody who is hidden, deleted or looking for work."""
    keys = [part for word in words for part in fold(word).split("-") if part]
    if not keys:
        return False
    if tuple(map(fold, words[:2])) in phrase_set("stand_ins", "beginnings"):
        return True
    sites = word_set("stand_ins", "sites")
    of_site = [key in sites or key.startswith(("linkedin", "facebook")) for key in keys]
    if any(of_site):  # but Anna Smith LinkedIn Coach
        return any(of_site[:2]) or not is_given_name(keys[0])
    if keys[0] in word_set("stand_ins", "words") and any(
        _is_in_words_of(language, keys) for language in read_table("stand_ins")["words"]
    ):
        return True
    return keys[0] in word_set("stand_ins", "nouns") and not is_given_name(words[0])


def _is_in_words_of(language: str, keys: Sequence[str]) -> bool:
    known = word_set("stand_ins", "words", language)
    # A single short word (De, An, La) is no stand-in.
    return all(key in known for key in keys) and (len(keys) > 1 or len(keys[0]) > 3)


def is_organisation(segments: Sequence[Sequence[str]]) -> bool:
    """Return whether the name, split at its commas into words, is that of a company, a group or an office."""
    name = segments[0]
    keys = [fold(word) for word in name]
    ending = name[-1].upper() if all(map(str.islower, name)) else name[-1]
    is_the = keys[0] == "the" and tuple(keys[:2]) not in phrase_set("titles", "phrases", "any")
    if is_the or (len(name) > 1 and ending.replace(".", "") in exact_set("organisations", "endings")):
        return True
    if any(pair in phrase_set("organisations", "phrases") for pair in pairwise(keys)):
        return True
    everywhere = [*keys, *(fold(word) for words in segments[1:] for word in words)]
    if any(key in word_set("organisations", "institutions") for key in everywhere):
        return True
    if any(key in word_set("organisations", "legal_forms") for key in everywhere[1:]):
        return True
    perhaps = word_set("organisations", "perhaps")
    is_form_first = len(keys[0]) > _LONGEST_SHORT_FORM and keys[0] in word_set("organisations", "legal_forms")
    return (is_form_first or any(key in perhaps for key in keys)) and not is_given_name(name[0])


def is_group(words: Sequence[str]) -> bool:
    """Return whether two names are joined by a word for `and`: Anna und Tom Müller; but not Costa e Silva."""
    keys = [fold(word) for word in words]
    if any(key in {"and", "und", "et"} for key in keys[1:4]):
        return True
    if len(words) < 3 or keys[1] not in _AND:
        return False
    may_be_initial = len(keys[1]) == 1 and keys[1].isascii()
    return not may_be_initial or words[1].islower() or all(map(str.isupper, words))
