"""Names of eastern Europe and Greece in which the family name may come first, as their endings show."""

import re
from collections.abc import Sequence

from worker.rules.names.given import DOUBT, Found
from worker.rules.names.given_names import is_given_name
from worker.rules.names.tables import fold

_PATRONYMIC = re.compile(
    "(?:.{2,}(?:ович|евич|йович|авіч|евіч|овна|евна|ична|инична|івна|ївна|аўна|еўна)|ильич|кузьмич|лукич|фомич|ілліч)"
    "|.{2,}(?:ovich|evich|ovych|yovych|evych|ovna|evna|ichna|inichna|ivna|yivna)|ilyich|ilich|kuzmich|lukich"
)
_FAMILY = {
    "CYRILLIC": re.compile(
        ".{2,}(?:ов|ев|ёв|єв|ова|ева|ёва|єва|ский|ская|ской|цкий|цкая|ський|ська|цький|цька|енко|чук|юк|дзе|швили|"
        "янц|ић|ийн|ын|ына)|.{3,}(?:ски|ска|чки|чка|зка|шка)"
    ),
    "LATIN": re.compile(
        ".{3,}(?:ov|ova|ev|eva|sky|skiy|skyi|skii|skaya|skaia|skij|enko|chuk|ski|ska|cki|cka|dzki|dzka|ovic|evic|"
        "dze|shvili|oglu|poulos|poulou|akis|idis|idou|escu|eanu|nen|sson|sdottir|auskas|auskiene|aitis|ciunas|"
        "[^aeiou]ez)"
    ),
    "GREEK": re.compile(".{2,}(?:οπουλοσ|οπουλου|ιδησ|ιδου|ακησ|ακη|ιαδησ|ιαδου|ατοσ|ατου)"),
}
_PERHAPS_FAMILY = re.compile(".{2,}(?:ин|ина|ко|ян)")
"""Endings of Cyrillic family names that given names have too: Марина, Марко."""

_SOUTHERN = frozenset("ђјљњћџѓќѕ")
"""Letters of Serbian and Macedonian, whose names are given-first."""

_GIVEN = {"CYRILLIC": ("ru", "uk", "bg", "sr"), "LATIN": (), "GREEK": ("el",)}


def find_slavic(words: Sequence[str], script: str) -> Found:
    """Return the given name where a patronymic or the ending of a family name shows which word it is."""
    if script not in _FAMILY or len(words) < 2:
        return None
    keys = [word.casefold() for word in words]
    if len(words) == 3 and (found := _find_by_patronymic(words, keys, script)) is not None:
        return found
    return _find_by_ending(words, script)


def _find_by_ending(words: Sequence[str], script: str) -> Found:
    known = [is_given_name(word, *_GIVEN[script]) for word in words]
    shapes = [is_family_shaped(word, script) for word in words]
    if script == "CYRILLIC":  # Марко has the ending of Шевченко
        shapes = [shape and not given for shape, given in zip(shapes, known, strict=True)]
    if known[0] and not known[-1]:
        return (words[0],)
    if script == "CYRILLIC" and _SOUTHERN.isdisjoint("".join(words).casefold()):
        return _find_cyrillic(words, known)
    if shapes[0] and not known[0] and not any(shapes[1:]):
        return (words[1],) if known[1] else DOUBT
    return None


def _find_by_patronymic(words: Sequence[str], keys: Sequence[str], script: str) -> Found:
    places = [place for place, key in enumerate(keys) if _PATRONYMIC.fullmatch(key)]
    if 2 in places and 1 not in places:
        if script == "LATIN" and not (is_family_shaped(words[0], script) or keys[2].endswith("na")):
            return None  # Anna Maria Petrovich
        return (words[1],)
    if 1 in places and 0 not in places:
        return (words[0],)
    return None


def _find_cyrillic(words: Sequence[str], known: Sequence[bool]) -> Found:
    if known[1] and not known[0]:
        return (words[1],)
    strengths = [_family_strength(word) for word in words]
    if known[0] and strengths[-1]:
        return (words[0],)
    if known[0] or strengths[0] == strengths[-1]:
        return DOUBT
    return (words[1],) if strengths[0] > strengths[-1] else (words[0],)


def _family_strength(word: str) -> int:
    """Return 2 for a word with the ending of a family name, 1 for one that given names have too, else 0."""
    if _FAMILY["CYRILLIC"].fullmatch(word.casefold()):
        return 2
    return int(bool(_PERHAPS_FAMILY.fullmatch(word.casefold())))


def is_family_shaped(word: str, script: str) -> bool:
    """Return whether a word has the ending of a family name in its script."""
    if script not in _FAMILY:
        return False
    if script == "CYRILLIC":
        return _family_strength(word) > 0
    return bool(_FAMILY[script].fullmatch(fold(word))) or (
        script == "LATIN" and word.casefold().endswith("ov\u00e1")
    )
