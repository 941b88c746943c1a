"""Write a name that is all in capitals or all in small letters as its language does."""

import re
import unicodedata

from worker.rules.names.given_names import is_given_name
from worker.rules.names.letters import INNER_PUNCTUATION, letters
from worker.rules.names.tables import exact_set, fold

_TURKIC = frozenset({"tr", "az"})
_TURKISH_LETTERS = frozenset("ıİğĞ")
_NEAR_TURKISH = frozenset("ŞÇÖÜ")
_APOSTROPHES = "'\u2018\u2019`\u00b4\u02bc"
_ELIDED = frozenset({"o", "d", "l", "m", "n", "dell", "dall", "nell", "sant"})
"""What stands before an apostrophe that a capital follows: O'Brien, D'Arcy, N'Golo; but Sha'quan, Дем'ян."""

_DUTCH_IJ = re.compile("ij(?=[^aeiouyáéíóúàèìòùäëïöü])")
_SHORT_NAME = re.compile("[^aeiouy\\W]?[aeiouy]n?")
_SCOTTISH = re.compile("mc(?=[^\\W\\d_]{2})")


def is_in_capitals(word: str) -> bool:
    """Return whether `word` is written in capitals: three letters or more, and not initials (JPB)."""
    if len(letters(word)) <= 2:
        return False
    if not word.isupper():
        return word.swapcase().istitle() and word[-1:].isupper()  # typed with caps lock: sARAH
    bare = unicodedata.normalize("NFD", letters(word))
    return not bare.isascii() or bool(set(bare) & set("AEIOUY"))


def looks_turkish(words: str) -> bool:
    """Return whether letters that only Turkish and its relatives use show the language."""
    return not _TURKISH_LETTERS.isdisjoint(words)


def fix_capitals(word: str, language: str | None = None, *, is_all_in_capitals: bool = False) -> str:
    """Return `word` with name capitals if it is all in capitals or all in small letters; else unchanged.

    `language` is ISO 639-1 or None. It decides on the dotless i of Turkish, the Dutch IJ, and the second part
    of a Chinese or Korean name (Min-jun). Two letters count as in capitals only if the whole name is, and if
    they are no initials: AN, but not JP.
    """
    if word.startswith("Ij") and _DUTCH_IJ.match(word.lower()):
        return f"IJ{word[2:]}"
    if not (is_in_capitals(word) or word.islower() or (is_all_in_capitals and _is_short_name(word))):
        return word
    small = _to_lower(word, language)
    parts = re.split(f"([{re.escape(INNER_PUNCTUATION)}])", small)
    repaired = "".join(
        part if place % 2 or _stays_small(parts, place, language) else _capitalise(part, language)
        for place, part in enumerate(parts)
    )
    return unicodedata.normalize("NFC", repaired)


def _is_short_name(word: str) -> bool:
    return bool(_SHORT_NAME.fullmatch(fold(word))) or is_given_name(word)


def _to_lower(word: str, language: str | None) -> str:
    loose = word.lower().replace("i\u0307", "i")
    strict = word.replace("I", "\u0131").replace("İ", "i").lower()
    if strict == loose:
        return loose
    is_known = _turkish_title(strict) in exact_set("given_names", "names", "tr")
    if language in _TURKIC:  # ISMAIL is written so for İsmail
        is_loose_known = _turkish_title(loose) in exact_set("given_names", "names", "tr")
        return loose if is_loose_known and not is_known else strict
    return strict if is_known and not _NEAR_TURKISH.isdisjoint(word) else loose


def _turkish_title(small: str) -> str:
    return ("İ" if small[:1] == "i" else small[:1].upper()) + small[1:]


def _stays_small(parts: list[str], place: int, language: str | None) -> bool:
    if place == 0:
        return False
    if parts[place - 1] in _APOSTROPHES:
        return language == "uz" or (parts[place - 2] not in _ELIDED and parts[place - 2] != "")
    return language in {"ko", "zh"}


def _capitalise(part: str, language: str | None) -> str:
    if language in _TURKIC and part.startswith("i"):
        return f"İ{part[1:]}"
    if part.startswith("ij") and (language == "nl" or _DUTCH_IJ.match(part)):
        return f"IJ{part[2:]}"
    if _SCOTTISH.match(part):
        return f"Mc{_capitalise(part[2:], language)}"
    first = next((place for place, letter in enumerate(part) if letter.title() != letter), len(part))
    return part[:first] + part[first : first + 1].title() + part[first + 1 :]
