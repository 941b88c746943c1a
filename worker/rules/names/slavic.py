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
        ".{2,}(?:ов|ев|ёв|єв|ова|ева|ёва|єва|ин|ын|ина|ына|ский|ская|ской|цкий|цкая|ський|ська|цький|цька|енко|чук|юк|"
        "ко|дзе|швили|ян|янц|ић|ски|ска|ийн|ын)"
    ),
    "LATIN": re.compile(
        ".{3,}(?:ov|ova|ev|eva|sky|skiy|skyi|skii|skaya|skaia|skij|enko|chuk|ski|ska|cki|cka|dzki|dzka|ovic|evic|"
        "dze|shvili|oglu|poulos|poulou|akis|idis|idou|escu|eanu|nen|sson|sdottir|auskas|auskiene|aitis|ciunas|[^aeiou]ez)"
    ),
    "GREEK": re.compile(".{2,}(?:οπουλοσ|οπουλου|ιδησ|ιδου|ακησ|ακη|ιαδησ|ιαδου|ατοσ|ατου)"),
}
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
        return _find_cyrillic(words, shapes, known)
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


def _find_cyrillic(words: Sequence[str], shapes: Sequence[bool], known: Sequence[bool]) -> Found:
    if known[1] and not known[0]:
        return (words[1],)
    if shapes[0] != shapes[-1] and not known[0]:
        return (words[1],) if shapes[0] else (words[0],)
    if known[0] and shapes[-1]:
        return (words[0],)
    return DOUBT


def is_family_shaped(word: str, script: str) -> bool:
    """Return whether a word has the ending of a family name in its script."""
    if script not in _FAMILY:
        return False
    key = word.casefold() if script == "CYRILLIC" else fold(word)
    return bool(_FAMILY[script].fullmatch(key)) or (
        script == "LATIN" and word.casefold().endswith("ov\u00e1")
    )
