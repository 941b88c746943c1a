"""Languages by code, and the names under which profiles list them: Unicode's CLDR, through Babel."""

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError

from worker.rules.sourcing.phrases import fold_text

_PROFILES_ARE_IN: Final = ("en", "fr", "de", "es")

_ALSO: Final = {"no": ("nb", "nn"), "zh": ("yue",), "tl": ("fil",)}
"""A language asked for is also met by the ones that it has inside it."""

_ADDED: Final = re.compile(r"\s*\(.*$")
"""What people add in brackets: "Chinese (Simplified)"."""


def is_known_language(code: str) -> bool:
    """Return whether `code` is a language of ISO 639-1 that has a name."""
    return re.fullmatch("[a-z]{2}", code) is not None and code in Locale("en").languages


def english_name(code: str) -> str:
    """Return what a known language is called in English."""
    return str(Locale("en").languages[code])


def lists_language(languages: Iterable[str], code: str) -> bool:
    """Return whether the language `code` is among names as a profile lists them.

    In English, French, German, Spanish or the language itself; its variants ("Brazilian Portuguese") count.
    """
    names = _names(code)
    return any(_ADDED.sub("", fold_text(name)) in names for name in languages)


@lru_cache(maxsize=256)
def _names(code: str) -> frozenset[str]:
    wanted = {code, *_ALSO.get(code, ())}
    found = [
        name
        for language in _PROFILES_ARE_IN
        for key, name in Locale(language).languages.items()
        if key.partition("_")[0] in wanted
    ]
    with suppress(UnknownLocaleError):  # Unicode has its name, but nothing in the language itself
        found += [own for one in wanted if (own := Locale.parse(one).get_language_name(one))]
    return frozenset(map(fold_text, found))
