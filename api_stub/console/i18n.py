"""The languages of the console: one gettext catalogue, read when it is first used."""

import io
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LOCALES: Final = ("en", "fr")
"""English is the language of the texts in the code."""
DOMAIN: Final = "console"
FORMATS: Final = {"en": "en_GB", "fr": "fr_FR"}
"""How a language writes days and numbers: in English as the command line does, 28 November."""
FOLDER: Final = Path(__file__).parent / "locale"


@cache
def load_texts(locale: str) -> NullTranslations:
    """Return the texts in a language of LOCALES, with `gettext` and `ngettext`."""
    if locale == "en":
        return NullTranslations()
    with (FOLDER / locale / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as source:
        catalogue = read_po(source, locale=locale)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled, domain=DOMAIN)


def choose_locale(accepted: str) -> str:
    """Return the language of LOCALES that an Accept-Language header likes best; English if none."""
    return negotiate_locale(_sort_languages(accepted), LOCALES, sep="-") or "en"


def _sort_languages(accepted: str) -> Iterable[str]:
    """Return the languages of an Accept-Language header, the preferred first (RFC 9110, 12.5.4)."""
    weighted = []
    for number, given in enumerate(accepted.split(",")[:20]):
        language, _, parameters = given.partition(";")
        weight = parameters.strip().removeprefix("q=") or "1"
        try:
            weighted.append((-float(weight), number, language.strip()))
        except ValueError:
            continue
    return [language.partition("-")[0] for weight, _, language in sorted(weighted) if weight < 0]
