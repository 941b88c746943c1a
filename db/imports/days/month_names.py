"""Names of months in many languages, from CLDR."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from babel import Locale


def _words(listed: str) -> tuple[str, ...]:
    return tuple(listed.split())


_LOCALES: Final = _words("""
    en en_GB de de_AT fr fr_CA es it pt pt_PT nl af pl cs sk sl hr sr sr_Latn bs mk bg ru uk be lt lv et
    fi sv nb nn da is hu ro el tr az sq ca eu gl ga cy id ms fil vi th ar ar_SY ar_MA fa he ur hi bn mr
    gu pa ta te ml kn ka hy kk uz sw
""")
"""The larger languages whose months have names. East Asian ones are numbers, which need no table."""
_COMMON: Final[Mapping[str, int]] = {"mrz": 3, "sept": 9, "okt": 10, "мая": 5}
"""Abbreviations in use that CLDR doesn't list."""
_ROMAN: Final = {
    numeral: frozenset({month})
    for month, numeral in enumerate(_words("i ii iii iv v vi vii viii ix x xi xii"), start=1)
}
"""28.XI.1984, as in Poland and Hungary."""
_MIN_LETTERS: Final = 3


def find_months(word: str) -> frozenset[int]:
    """Return the months (1 to 12) that `word` or a word that it abbreviates names in any language.

    The result is empty for an unknown word, and has several months for a word that differs by language, such
    as `listopad`. Case, accents and a full stop don't matter.
    """
    key = _simplify(word)
    # The other languages take a second to load, and no month of theirs is an English one.
    for known in (_ROMAN, _english()):
        if key in known:
            return known[key]
    names = _names()
    if key in names:
        return names[key]
    if len(key) < _MIN_LETTERS:
        return frozenset()
    return frozenset(month for name, months in names.items() if name.startswith(key) for month in months)


def is_weekday(word: str) -> bool:
    """Return whether `word` is the name of a day of the week in any language."""
    return _simplify(word) in _weekdays()


@lru_cache(maxsize=1)
def _english() -> Mapping[str, frozenset[int]]:
    return _read_names(["en"])


@lru_cache(maxsize=1)
def _names() -> Mapping[str, frozenset[int]]:
    return _read_names(_LOCALES)


def _read_names(locales: Iterable[str]) -> Mapping[str, frozenset[int]]:
    names: dict[str, set[int]] = {word: {month} for word, month in _COMMON.items()}
    for locale in map(Locale.parse, locales):
        for month, name in _listed(locale.months):
            names.setdefault(_simplify(name), set()).add(month)
    return {name: frozenset(months) for name, months in names.items()}


@lru_cache(maxsize=1)
def _weekdays() -> frozenset[str]:
    return frozenset(
        _simplify(name) for locale in map(Locale.parse, _LOCALES) for _, name in _listed(locale.days)
    )


def _listed(names: Mapping[str, Mapping[str, Mapping[int, str]]]) -> Iterator[tuple[int, str]]:
    for width in ("wide", "abbreviated"):
        for context in ("format", "stand-alone"):
            for number, name in names[context][width].items():
                if not any(sign.isdigit() for sign in name):  # CLDR's fallback for a form that it lacks
                    yield number, name


def _simplify(word: str) -> str:
    """Return the word without case, Latin accents and full stops. Marks of other scripts are letters."""
    decomposed = unicodedata.normalize("NFD", word.casefold().replace("\u0131", "i"))
    kept = (sign for sign in decomposed if not "\u0300" <= sign <= "\u036f" and sign not in ".'\u2019")
    return unicodedata.normalize("NFC", "".join(kept)).strip()
