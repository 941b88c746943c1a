"""Words that tell birthdays, days of death and other yearly days apart, from words.toml."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files
from typing import Any, Final

from worker.rules.names.memorial import DEATH_SIGNS, YEARS_OF_LIFE


class EventKind(Enum):
    """What comes back each year."""

    BIRTHDAY = "a birthday"
    ANNIVERSARY = "a wedding, an anniversary or another yearly day"
    DEATH = "a day of death"


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language; words.toml says what each is for."""

    birthday: tuple[str, ...]
    death: tuple[str, ...]
    anniversary: tuple[str, ...]
    of: tuple[str, ...] = ()
    age: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    declines: bool = False
    genitive: tuple[str, ...] = ()


MAX_TITLE_CHARS: Final = 300
"""What follows in a title or a label is not read."""
_BIRTHDAY_SIGNS: Final = "🎂🎈🎁🎉🥳🍰🧁🎊"
_ANNIVERSARY_SIGNS: Final = "💍💒👰🤵💏💑⚭∞💞"
_DEATH_YEAR: Final = re.compile(
    r"(?<![^\W\d_])(?:d\.|gest\.|verst\.|ob\.|\+)\s*(?:19|20)\d{2}(?!\d)", re.IGNORECASE
)
"""A year behind an abbreviation or a sign for died."""
_UNSPACED: Final = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
"""Scripts without spaces between words."""
_INVISIBLE: Final = re.compile("[\ufe0e\ufe0f\u200b-\u200f\u202a-\u202e\u2060-\u2069\U0001f3fb-\U0001f3ff]")


class EventWords:
    """The words of all languages, and patterns of them."""

    def __init__(self, languages: Mapping[str, Language]) -> None:
        self.languages = languages
        self._kinds: dict[str, EventKind] = {}
        self._speakers: dict[str, list[Language]] = {}
        for kind in EventKind:
            for language in languages.values():
                for word in getattr(language, kind.name.lower()):
                    self._kinds[word.casefold()] = kind  # the later kinds are the stricter ones
                    self._speakers.setdefault(word.casefold(), []).append(language)
        self.pattern = re.compile(alternatives(self._kinds), re.IGNORECASE)
        self.ages = alternatives({word for language in languages.values() for word in language.age})

    def list_kinds(self, text: str) -> set[EventKind]:
        """Return the kinds of the words in `text`; a word inside a longer one doesn't count."""
        found = (word.casefold() for word in self.pattern.findall(text))
        return {self._kinds[word] for word in found if word in self._kinds}

    def find_word(self, text: str) -> EventKind | None:
        """Return the kind of `text` if it is one of the words, or None."""
        return self._kinds.get(text.casefold())

    def list_languages(self, text: str) -> list[Language]:
        """Return the languages that have the words for a birthday in `text`."""
        words = [word.casefold() for word in self.pattern.findall(text)]
        found = (language for word in words for language in self._speakers.get(word, ()))
        return list({id(language): language for language in found}.values())


def alternatives(words: Iterable[str]) -> str:
    """Return a pattern of whole words, the longest first. In scripts without spaces any place will do."""
    longest_first = sorted(set(words), key=lambda word: (-len(word), word))
    unspaced = [word for word in longest_first if _UNSPACED.search(word)]
    spaced = [word for word in longest_first if word not in unspaced]
    before_letters = [word for word in spaced if not word[-1].isalpha()]  # such as d' in d'Ann
    whole = _join(word for word in spaced if word[-1].isalpha())
    letter = r"[^\W\d_]"
    return rf"(?:(?<!{letter})(?:{whole}(?!{letter})|{_join(before_letters)})|{_join(unspaced)})"


def _join(words: Iterable[str]) -> str:
    escaped = "|".join(map(re.escape, words))
    return f"(?:{escaped})" if escaped else "(?!)"


def find_kind(text: str) -> EventKind | None:
    """Return the kind of day that a title or a label tells by signs or words; None if it tells none.

    A sign or word of death counts more than any other, and those of an anniversary more than a birthday's.
    """
    text = to_plain_title(text)
    kinds = WORDS.list_kinds(text)
    if not DEATH_SIGNS.isdisjoint(text) or YEARS_OF_LIFE.search(text) or _DEATH_YEAR.search(text):
        return EventKind.DEATH
    if any(sign in text for sign in _ANNIVERSARY_SIGNS):
        kinds.add(EventKind.ANNIVERSARY)
    if any(sign in text for sign in _BIRTHDAY_SIGNS):
        kinds.add(EventKind.BIRTHDAY)
    return next((kind for kind in reversed(EventKind) if kind in kinds), None)


def says_death(label: str) -> bool:
    """Return whether a label is nothing but a word for death, such as `deceased`."""
    return WORDS.find_word(to_plain_title(label)) is EventKind.DEATH


def to_plain_title(text: str) -> str:
    """Return a text with single spaces and straight apostrophes, composed, without invisible characters."""
    short = " ".join(text[:MAX_TITLE_CHARS].split())
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFC", short))
    return visible.replace("\u2019", "'").replace("\u02bc", "'").strip()


def _load() -> EventWords:
    by_language = tomllib.loads(files("db.imports.calendars").joinpath("words.toml").read_text("utf-8"))
    return EventWords({code: _to_language(words) for code, words in by_language.items()})


def _to_language(words: Mapping[str, Any]) -> Language:
    lists = {key: tuple(listed) for key, listed in words.items() if key != "declines"}
    return Language(**lists, declines=bool(words.get("declines")))


WORDS: Final = _load()
