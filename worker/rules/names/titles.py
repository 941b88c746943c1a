"""Titles, degrees and generations around a name."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache

from worker.rules.names.given_names import is_european_given_name, is_given_name
from worker.rules.names.letters import letters
from worker.rules.names.tables import exact_set, fold, phrase_set, word_set

_SHORTEST_OFFICE = 9
"""Letters. Shorter words that end like an office may be names (Titkár)."""


class Before(Enum):
    """What stood before a name. More than one may."""

    HONORIFIC = auto()
    TITLE = auto()
    INITIAL = auto()
    MARY = auto()
    """An abbreviation of María (Ma., Mª), which also stands before a man's name (José Mª, Mª José)."""


@dataclass(frozen=True, slots=True)
class Untitled:
    """A name without what stood around it. `doubtful` says that a title may have been the name."""

    words: tuple[str, ...]
    before: frozenset[Before] = frozenset()
    initials: tuple[str, ...] = ()
    doubtful: bool = False


def without_titles(words: Sequence[str]) -> Untitled:
    """Return the words after titles, abbreviations and initials."""
    place, before = 0, set[Before]()
    while place < len(words):
        found = _measure_title(words, place)
        if found:
            before.add(_classify(words[place]))
            place += found
        elif place + 1 < len(words) and fold(words[place]) in word_set("titles", "perhaps_title"):
            if not _is_given_after(words[place], words[place + 1]):
                return Untitled(tuple(words[place:]), frozenset(before), (), doubtful=True)
            before.add(Before.TITLE)
            place += 1
        elif _stands_before_given_name(words[place:]):
            before.add(Before.TITLE)
            place += 1
        else:
            break
    rest = tuple(words[place:])
    doubtful = bool(rest) and _may_be_title(rest)
    initials = tuple(word for word in words[:place] if is_initial(word) and not is_title(word))
    return Untitled(rest, frozenset(before), initials, doubtful)


def without_degrees(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words before degrees, generations and forms of address."""
    capitals = all(map(str.isupper, words))
    end = len(words)
    while end > 1 and is_degree(words[end - 1], among_capitals=capitals):
        if end == 2 and fold(words[1]) in word_set("titles", "generations_or_families"):
            break
        end -= 1
    return tuple(words[:end])


def is_degree(word: str, *, among_capitals: bool) -> bool:
    """Return whether a word after a name is a degree, a generation or a form of address."""
    key = fold(word)
    if key in word_set("titles", "never_names") or key in word_set("titles", "address_after", "words"):
        return True
    if key in word_set("titles", "generations"):
        return word.endswith(".") or key not in word_set("titles", "generations_with_stop")
    known = key in word_set("titles", "degrees")
    if word.istitle() or word.islower():
        return known and word.endswith(".")  # Ma and Pa are names, MA and PA are not
    return known or (word.isupper() and len(letters(word)) <= 5 and not among_capitals and word.isascii())


def is_initial(word: str) -> bool:
    """Return whether a word is an initial, or several (J., J.R.R., J.-P.)."""
    if len(word) > 1 and "." not in word and "-" not in word:
        return False
    parts = [part for part in map(letters, word.replace("-", ".").split(".")) if part]
    marked = len(parts) > 1 or word.endswith(".") or parts[0].lower() != parts[0].upper()
    return marked and all(len(part) == 1 for part in parts)


def is_abbreviation(word: str) -> bool:
    """Return whether a word of two or more letters ends with a full stop."""
    return word.endswith(".") and len(letters(word)) > 1


def is_title(word: str) -> bool:
    """Return whether a word is a title or a form of address, in any case and without a full stop."""
    key = fold(word)
    return (
        key in word_set("titles", "titles")
        or key in word_set("titles", "honorifics")
        or key in word_set("titles", "bare")
        or (len(key) > _SHORTEST_OFFICE and key.endswith(_office_endings()))
    )


def without_joined_address(word: str) -> str:
    """Return a given name without a form of address that a hyphen joins to it: Sakura-san.

    A family name before a form of address (Tanaka-san) is replaced by ''.
    """
    stem, hyphen, last = word.rpartition("-")
    if not hyphen or fold(last) not in word_set("titles", "address_after", "joined"):
        return word
    return stem if is_given_name(stem, "ja", "in", "ta") else ""


@cache
def _office_endings() -> tuple[str, ...]:
    return tuple(word_set("titles", "office_endings"))


def _measure_title(words: Sequence[str], place: int) -> int:
    """Return the number of words of the title at `place`, or 0."""
    keys = tuple(map(fold, words[place : place + 3]))
    for count in (3, 2):
        if len(keys) >= count and keys[:count] in phrase_set("titles", "phrases", "any"):
            return count
    word = words[place]
    if keys[0] in {"st", "ste"}:
        return 0  # a saint's name may be a family name or a place
    is_continuation = place and word.islower() and keys[0] in word_set("titles", "continuations")
    return int(
        is_abbreviation(word)
        or is_initial(word)
        or is_title(word)
        or bool(is_continuation)
        or _is_vowelless(words, place)
        or _is_title_in_capitals(words, place)
    )


def _is_vowelless(words: Sequence[str], place: int) -> bool:
    """Return whether a word before others has consonants only, as abbreviations have (Rtn, PSSg)."""
    key = fold(words[place])
    is_last = place + 1 == len(words)
    return not is_last and len(key) > 2 and key.isascii() and key.isalpha() and not set(key) & set("aeiouy")


def _is_title_in_capitals(words: Sequence[str], place: int) -> bool:
    return _is_capitals_title(words[place]) and any(not word.isupper() for word in words[place + 1 :])


def _is_capitals_title(word: str) -> bool:
    """Return whether a word in capitals is a degree or an office that may also be a name (DPT, DI, PA)."""
    if word in exact_set("titles", "capitals_before"):
        return True
    return (
        len(word) > 2
        and word.isupper()
        and fold(word) in word_set("titles", "degrees")
        and not is_given_name(word)
    )


def _stands_before_given_name(words: Sequence[str]) -> bool:
    is_listed = fold(words[0]) in word_set("titles", "title_before_given")
    return is_listed and len(words) > 2 and is_given_name(words[1])


def _is_given_after(title: str, word: str) -> bool:
    is_company_form = fold(title) in word_set("titles", "company_or_title")
    return is_european_given_name(word) if is_company_form else is_given_name(word)


def _may_be_title(words: Sequence[str]) -> bool:
    if fold(words[0]) in word_set("titles", "title_or_name"):
        return True
    cased = any(word != word.upper() and word != word.lower() for word in words)
    return len(words) > 1 and not cased and _is_capitals_title(words[0].upper())


def _classify(word: str) -> Before:
    if fold(word) in word_set("titles", "honorifics"):
        return Before.HONORIFIC
    if fold(word) in {"ma", "m\u00aa"}:
        return Before.MARY
    return Before.INITIAL if is_initial(word) else Before.TITLE
