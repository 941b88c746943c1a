"""Whose day the title of a yearly event says it is, without the years, ages and ordinals in it."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from typing import Final

from db.imports.calendars.words import WORDS, Language, alternatives, to_plain_title


@dataclass(frozen=True, slots=True)
class EventTitle:
    """A name, its other readings, and the year of birth that the title says.

    `is_vague`: the name may be in another case, or more than a name.
    """

    name: str
    other_names: tuple[str, ...] = ()
    year: int | None = None
    is_vague: bool = False


_BRACKETED: Final = re.compile(r"[(\[{]([^)\]}]*)[)\]}]")
_DATE: Final = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](\d{4})|\d{1,2}[./-]\d{1,2}\.?(?=\s|$)")
_YEAR: Final = re.compile(r"(\*\s*)?(?<!\d)((?:19|20)\d{2})(?!\d)")
_ORDINAL: Final = (
    r"(?:st|nd|rd|th|[.ºª°]|er|ère|re|e|ème|eme|de|ste|:a|:e|\s?-?(?:й|я|е|ий|ый|ой|го|те)|"  # noqa: RUF001 -- Russian
    r"'?(?:i|ı|u|ü)?n?c[iıuü]|°)(?![^\W\d_])"  # noqa: RUF001 -- Turkish
)
_MAX_FORMS: Final = 40
_MIN_AGE_YEARS: Final = 13
"""A later year without a mark is that of the event, not of a professional contact's birth."""


def read_title(title: str, this_year: int, *, is_bare: bool = False) -> EventTitle:
    """Find the name in a title. `is_bare`: nothing says that this is a birthday, so the name is vague."""
    text, year = _take_numbers(to_plain_title(title), this_year)
    text = _trim(text)
    for names, certain in _match_birthday(text):
        readings = [name for name in map(_trim, names) if name]
        if readings:
            return EventTitle(
                readings[0], tuple(readings[1:]), year, is_vague=not certain or _is_odd(readings[0])
            )
    return EventTitle(text, (), year, is_vague=is_bare or _is_odd(text))


def read_death_title(title: str) -> str:
    """Return what is left of the title of a day of death without its words, for comparison with names."""
    text, _ = _take_numbers(to_plain_title(title), 0)
    of = alternatives(
        {word for language in WORDS.languages.values() for word in language.of if len(word) > 1}
    )
    bare = WORDS.pattern.sub(" ", text)
    had_words = bare != text
    bare = _trim(" ".join(bare.split()))
    bare = re.sub(rf"^{of}\s*", "", bare, flags=re.IGNORECASE) if had_words else bare
    return _trim(re.sub(r"(?:'s?)$", "", bare))


def _take_numbers(text: str, this_year: int) -> tuple[str, int | None]:
    """Return the text without years, ages and ordinals, and the year of birth among them."""
    years: list[int] = []
    for match in _YEAR.finditer(text):
        year = int(match[2])
        if match[1] or year <= this_year - _MIN_AGE_YEARS:
            years.append(year)
    text = _BRACKETED.sub(lambda match: " " if _is_remark(match[1]) else match[0], text)
    text = _age_pattern().sub(" ", _YEAR.sub(" ", _DATE.sub(" ", text)))
    return " ".join(text.replace("*", " ").split()), years[0] if len(set(years)) == 1 else None


@lru_cache(maxsize=1)
def _age_pattern() -> re.Pattern[str]:
    age = WORDS.ages
    return re.compile(rf"(?:{age}\s*)?(?<![^\W_])\d{{1,3}}(?:{_ORDINAL})?(?:\s*-?\s*{age})*", re.IGNORECASE)


def _match_birthday(text: str) -> Iterator[tuple[Sequence[str], bool]]:
    """Yield readings of the name before or after a word for birthday, and whether the first is certain."""
    for language in WORDS.list_languages(text):
        start, end = _forms(language)
        if (match := start.match(text)) and text[match.end() :]:
            yield _read_forms(text[match.end() :], language), not language.declines
        elif match := end.search(text):
            before = _trim(text[: match.start()])
            if match["says"]:
                yield [_strip_start(before, language.of) if language.declines else before], True
            else:
                yield _without_ending(before, language)


@lru_cache(maxsize=100)
def _forms(language: Language) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of `birthday of` at the start of a title, and of `has birthday` at its end."""
    word = alternatives(language.birthday)
    says = alternatives(language.says) if language.says else "(?!)"
    of = alternatives(language.of) if language.of else "(?!)"
    return (
        re.compile(rf"(?:{says}\s*)?{word}[\s:,;|!.\u2013\u2014-]*(?:{of}\s*)?", re.IGNORECASE),
        re.compile(rf"[\s:,;|\u2013\u2014-]*(?:(?P<says>{says})\s+)?{word}[\s!.]*$", re.IGNORECASE),
    )


def _without_ending(name: str, language: Language) -> tuple[Sequence[str], bool]:
    """Return the name without its possessive ending, and whether that is certain."""
    if language.declines:
        name = _strip_start(name, language.of)
    for ending in sorted(language.endings, key=len, reverse=True):
        bare = name[: -len(ending)]
        if name.casefold().endswith(ending) and bare.strip():
            if ending.isascii() and ending.isalpha():
                return [bare, name], False
            return [bare], not language.declines
    return _read_forms(name, language), not language.declines


def _read_forms(name: str, language: Language) -> list[str]:
    """Return the name and what its words may be in the nominative, most likely forms first."""
    pairs = [pair.partition(">") for pair in language.genitive]
    words = [
        [word, *(word[: -len(old)] + new for old, _, new in pairs if word.endswith(old) and len(word) > 2)]
        for word in _trim(name).split()
    ]
    return list(islice(map(" ".join, product(*words)), _MAX_FORMS))


def _strip_start(name: str, words: Iterable[str]) -> str:
    first, _, rest = name.partition(" ")
    return rest if rest and first.casefold() in set(words) else name


def _trim(text: str) -> str:
    """Strip emoji, dashes and quotation marks from both ends. Marks of letters stay."""
    ends = [
        place for place, sign in enumerate(text) if unicodedata.category(sign)[0] in "LN" or sign in "()."
    ]
    if not ends:
        return ""
    last = ends[-1] + 1
    while last < len(text) and unicodedata.category(text[last])[0] == "M":
        last += 1
    return text[ends[0] : last].strip()


def _is_odd(name: str) -> bool:
    """Return whether a name holds a digit or another word of an event, so that it is hardly only a name."""
    return any(sign.isdigit() for sign in name) or bool(WORDS.list_kinds(name))


def _is_remark(text: str) -> bool:
    """Return whether the text in brackets is a year, an age or a word for birthday, and no part of a name."""
    return not any(sign.isalpha() for sign in text) or _is_odd(text)
