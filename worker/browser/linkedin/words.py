"""The words of LinkedIn's pages, by language. They decide only where there is no mark without words."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

_SPACES: Final = re.compile(r"\s+")


@cache
def load_words() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return the table: by key, then by language, the texts of the page. `{}` stands for a name."""
    table = tomllib.loads((files(__package__) / "words.toml").read_text("utf-8"))
    return {key: {lang: tuple(texts) for lang, texts in row.items()} for key, row in table.items()}


LANGUAGES: Final = frozenset({"en", "fr", "de", "es", "pl"})
"""The languages that the table knows."""


def list_words(key: str, language: str | None) -> tuple[str, ...]:
    """Return the texts of `key` in this language and in English, which stands on pages in any language.

    Without a known language: those of all languages.
    """
    row = load_words()[key]
    wanted = row if language not in LANGUAGES else {language, "en"}
    return tuple(dict.fromkeys(text for lang in wanted for text in row.get(lang, ())))


def fold(text: str) -> str:
    """Return a text for comparing: one kind of space and apostrophe, no capitals, NFC."""
    plain = unicodedata.normalize("NFC", text).replace("’", "'")  # noqa: RUF001 -- pages write the curly one
    return _SPACES.sub(" ", plain).strip().casefold()


@cache
def pattern(key: str, language: str | None) -> re.Pattern[str]:
    """Return a pattern that matches a whole folded text of `key`. A name in it is the group `name`."""
    forms: list[str] = []
    for text in list_words(key, language):
        before, braces, after = fold(text).partition("{}")
        forms.append(re.escape(before) + (rf"(?P<name{len(forms)}>.+?)" if braces else "") + re.escape(after))
    return re.compile("|".join(forms) or "(?!)")


def find_match(key: str, text: str, language: str | None) -> re.Match[str] | None:
    """Return the match if `text` is one of the texts of `key`, or None."""
    return pattern(key, language).fullmatch(fold(text))


def is_word(key: str, text: str, language: str | None) -> bool:
    """Return whether `text` is one of the texts of `key`."""
    return find_match(key, text, language) is not None


def mentions(key: str, text: str, language: str | None) -> bool:
    """Return whether `text` holds one of the texts of `key` somewhere: only for short pages and headings."""
    folded = fold(text)
    return any(fold(each) in folded for each in list_words(key, language))
