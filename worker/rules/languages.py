"""Languages by code, and their names in profiles, from Unicode's CLDR through Babel."""

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError

from worker.rules.sourcing.phrases import fold_text

_PROFILE_LANGUAGES: Final = ("en", "fr", "de", "es")

_INCLUDED_LANGUAGES: Final = {"no": ("nb", "nn"), "zh": ("yue",), "tl": ("fil",)}
"""Languages that also meet a criterion for the macrolanguage."""

_BRACKETED_SUFFIX: Final = re.compile(r"\s*\(.*$")
"""An addition in brackets, as in "Chinese (Simplified)"."""


def is_known_language(code: str) -> bool:
    """Return whether `code` is an ISO 639-1 code of a language that CLDR names."""
    return re.fullmatch("[a-z]{2}", code) is not None and code in Locale("en").languages


def describe_unknown_language(given: str) -> str:
    """Say that `given` isn't a known language, and give the code that it names, or all codes."""
    folded = fold_text(given)
    named = [code for code in _known_languages() if fold_text(english_name(code)) == folded]
    if named:
        return f"{given!r} isn't a language code: write {named[0]}"
    return f"{given!r} isn't a language code; the codes are {', '.join(_known_languages())}"


@lru_cache(maxsize=1)
def _known_languages() -> tuple[str, ...]:
    return tuple(sorted(code for code in map(str, Locale("en").languages) if is_known_language(code)))


def english_name(code: str) -> str:
    """Return the English name of a known language."""
    return str(Locale("en").languages[code])


def lists_language(languages: Iterable[str], code: str) -> bool:
    """Return whether the language `code` is among `languages`, the names that a profile lists.

    Names are known in English, French, German, Spanish and the language itself, and with their variants
    ("Brazilian Portuguese").
    """
    names = _names(code)
    return any(_BRACKETED_SUFFIX.sub("", fold_text(name)) in names for name in languages)


@lru_cache(maxsize=256)
def _names(code: str) -> frozenset[str]:
    wanted = {code, *_INCLUDED_LANGUAGES.get(code, ())}
    found = [
        name
        for language in _PROFILE_LANGUAGES
        for key, name in Locale(language).languages.items()
        if key.partition("_")[0] in wanted
    ]
    with suppress(UnknownLocaleError):  # CLDR names the language, but has no data in it
        found += [own for one in wanted if (own := Locale.parse(one).get_language_name(one))]
    return frozenset(map(fold_text, found))
