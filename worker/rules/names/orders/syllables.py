"""Whether a word in Latin letters is built like a given name of China, Korea, Vietnam, Japan or Burma."""

import re
from functools import cache

from worker.rules.names.tables import fold, read_table, word_set

_ONE_SYLLABLE = re.compile(
    "(?:ch|sh|zh|ts|tz|ng|hs|ky|gw|kw|[bcdfghjklmnpqrstwxyz])?[aeiouy]{1,3}(?:ng|[hkmnprtw])?"
)
"""A syllable of Chinese in any of its romanisations (Pinyin, Wade-Giles, Cantonese, Hokkien)."""

_VIETNAMESE = re.compile(
    "(?:ngh|ng|nh|gh|gi|kh|ph|th|tr|ch|qu|[bcdghklmnpqrstvx])?[aeiouy]{1,3}(?:ng|nh|ch|[cmnpt])?"
)
_JAPANESE = re.compile("(?:(?:(?:[kgsztdnhbpmr]y|sh|ch|ts|j|[kgsztdnhfbpmyrw])?[aiueo]{1,2}|n)h?){2,}")
_DISTINCT_PINYIN = re.compile("x|zh|q|ao|iu|ui|uo|iang|uang|ong|[aei]ng(?=.)")
_DISTINCT_KOREAN = re.compile("eo|eu|yu|hy|ky|oo|woo|ae")


def is_chinese(word: str) -> bool:
    """Return whether a word can be a Chinese given name of one or two syllables, with or without a hyphen."""
    parts = _parts(word)
    if len(parts) > 1:
        return len(parts) == 2 and all(_ONE_SYLLABLE.fullmatch(part) for part in parts)
    return bool(_ONE_SYLLABLE.fullmatch(parts[0])) or _is_built_from(parts[0], _pinyin())


def is_korean(word: str) -> bool:
    """Return whether a word can be a Korean given name of one or two syllables, with or without a hyphen."""
    parts, syllables = _parts(word), word_set("syllables", "korean")
    if len(parts) > 1:
        return len(parts) == 2 and all(part in syllables for part in parts)
    return _is_built_from(parts[0], syllables)


def is_vietnamese(word: str) -> bool:
    """Return whether a word can be a Vietnamese given or middle name, which has one syllable."""
    return bool(_VIETNAMESE.fullmatch(fold(word)))


def is_japanese(word: str) -> bool:
    """Return whether a word can be a Japanese given name of two or more morae."""
    return bool(_JAPANESE.fullmatch(fold(word)))


def is_burmese(word: str) -> bool:
    """Return whether a word is a common syllable of Burmese names."""
    return fold(word) in word_set("syllables", "burmese")


def is_one_syllable(word: str) -> bool:
    """Return whether a word has only one syllable, as each half of a Chinese or Korean given name has."""
    key = fold(word)
    return bool(_ONE_SYLLABLE.fullmatch(key)) or key in word_set("syllables", "korean")


def is_distinctly_chinese(word: str) -> bool:
    """Return whether a word is hardly a name of another language: Xiaoming, Wei-ling, but not Susan."""
    return is_chinese(word) and ("-" in word or bool(_DISTINCT_PINYIN.search(fold(word))))


def is_distinctly_korean(word: str) -> bool:
    """Return whether a word is hardly a name of another language: Min-jun, Seoyeon, but not Hana."""
    return is_korean(word) and ("-" in word or bool(_DISTINCT_KOREAN.search(fold(word))))


def _parts(word: str) -> list[str]:
    return [part for part in re.split("[-\u2010\u2013]", fold(word)) if part] or [""]


def _is_built_from(word: str, syllables: frozenset[str]) -> bool:
    return word in syllables or any(
        word[:place] in syllables and word[place:] in syllables for place in range(1, len(word))
    )


@cache
def _pinyin() -> frozenset[str]:
    finals = read_table("syllables")["pinyin"]
    return frozenset(initial + final for initial, listed in finals.items() for final in listed.split())
