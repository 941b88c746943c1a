"""Dates and ages in the sentences of LinkedIn's pages.

Only words of the page's language and of English count, of an unknown language only English ones: "hier" is
yesterday in French, and here in German.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from typing import Final

from worker.browser.linkedin.words import LANGUAGES, fold, list_words, load_words

_UNITS: Final = ("minute", "hour", "day", "week", "month", "year")
_EXACT_DAYS: Final = {"today": 0, "yesterday": 1, "day_before_yesterday": 2}
_DAY_FIRST: Final = {"de": r"\.", "pl": r"\.", "fr": "/", "es": "/"}
"""The separator of day and month in figures. English writes both orders, so figures alone say nothing."""
_DAY: Final = r"(?<!\d)(?P<day>\d{1,2})(?:st|nd|rd|th|er|e|º|\.º)?"
_YEAR: Final = r"(?:,?\s*(?:de |del )?(?P<year>\d{4}))?"
_WORDED: Final = (
    re.compile(rf"{_DAY}[.,]?\s+(?:of |de )?(?P<month>[^\W\d_]+)\.?{_YEAR}(?!\w)"),
    re.compile(rf"(?<!\w)(?P<month>[^\W\d_]+)\.?\s+{_DAY}(?!\w|[./]\d){_YEAR}"),
)


def has_digit(text: str) -> bool:
    """Return whether a text has a figure, in any script."""
    return any(sign.isdigit() for sign in text)


def find_days(text: str, language: str | None) -> int | None:
    """Return how many days ago a text says that something was, if it says it to the day, or None.

    "today" is 0, "2 days ago" is 2. A text that says two different things says nothing.
    """
    plain = fold(text)
    found = {_EXACT_DAYS[match.lastgroup or ""] for match in _exact(language).finditer(plain)}
    found |= {count for unit, count in _find_ages(plain, language) if unit == "day"}
    return found.pop() if len(found) == 1 else None


def says_age(text: str, language: str | None) -> bool:
    """Return whether a text says an age in any unit, so that it isn't about today."""
    return bool(_find_ages(fold(text), language))


def find_minimum_age(text: str, language: str | None, today: date) -> timedelta | None:
    """Return the lowest age that a text can mean, in whole days, or None if it says none or several.

    The site rounds ages down: "3 weeks" are 21 to 27 days. A month is a calendar month or 30 days, whichever
    is shorter.
    """
    plain = fold(text)
    found = {_EXACT_DAYS[match.lastgroup or ""] for match in _exact(language).finditer(plain)}
    found |= {_minimum_days(unit, count, today) for unit, count in _find_ages(plain, language)}
    return timedelta(days=found.pop()) if len(found) == 1 else None


def is_age_line(text: str, language: str | None) -> bool:
    """Return whether a line says when something was sent, and little else: people's headlines do not."""
    plain = fold(text)
    without = _ago(language).sub(" ", _exact(language).sub(" ", plain))
    if without == plain:
        return False
    rest = " ".join(re.findall(r"\w+", without))
    return not rest or _words("sent", language).search(without) is not None


def find_date(text: str, language: str | None, today: date) -> date | None:
    """Return the date that a text names: without a year, the latest one that isn't in the future.

    None if it names none, several, one that doesn't exist, or has other figures beside it.
    """
    plain = fold(text)
    found: set[tuple[int, int, int | None]] = set()
    rest = plain
    for form in (*_WORDED, *_numeric(language)):
        for match in form.finditer(plain):
            month = _month(match["month"], language)
            if month is not None:
                found.add((int(match["day"]), month, int(match["year"]) if match["year"] else None))
                rest = rest.replace(match[0], " ")
    if len(found) != 1 or has_digit(rest):
        return None
    day, number, year = found.pop()
    years = [year] if year else [today.year, today.year - 1]
    for each in years:
        try:
            dated = date(each, number, day)
        except ValueError:
            continue
        if year or dated <= today:
            return dated
    return None


def mentions_word(key: str, text: str, language: str | None) -> bool:
    """Return whether a text holds one of the words of `key`, as whole words."""
    return _words(key, language).search(fold(text)) is not None


def _find_ages(plain: str, language: str | None) -> list[tuple[str, int]]:
    found = []
    for match in _ago(language).finditer(plain):
        groups = {name: value for name, value in match.groupdict().items() if value is not None}
        unit = next(name.partition("_")[2] for name in groups if name.startswith("unit"))
        number = next((value for name, value in groups.items() if name.startswith("count")), None)
        # Polish leaves out "one"
        found.append((unit, int(number) if number is not None and number.isdigit() else 1))
    return found


def _minimum_days(unit: str, count: int, today: date) -> int:
    if unit in {"minute", "hour"}:
        return count // 24 if unit == "hour" else 0
    if unit == "month":
        months = today.year * 12 + today.month - 1 - count
        year, month = divmod(months, 12)
        same_day = next(
            date(year, month + 1, day) for day in range(today.day, 0, -1) if _exists(year, month + 1, day)
        )
        return min(30 * count, (today - same_day).days)
    return count * {"day": 1, "week": 7, "year": 365}[unit]


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _month(word: str, language: str | None) -> int | None:
    """Return the number of the month that a word or a figure names, or None."""
    if word.isdigit():
        return int(word) if 1 <= int(word) <= 12 else None
    return _months(language).get(_plain(word))


@cache
def _months(language: str | None) -> dict[str, int]:
    """Return the names of months, and their shortened forms that are the beginning of only one."""
    names: dict[str, set[int]] = {}
    for each in _languages(language):
        for number, alternatives in enumerate(load_words()["months"][each], start=1):
            for name in map(_plain, alternatives.split("|")):
                for length in range(3, len(name) + 1):
                    names.setdefault(name[:length], set()).add(number)
    return {name: numbers.pop() for name, numbers in names.items() if len(numbers) == 1}


def _plain(word: str) -> str:
    """Return a word without capitals and accents."""
    parts = unicodedata.normalize("NFD", fold(word))
    return "".join(sign for sign in parts if not unicodedata.combining(sign)).replace("ł", "l")


@cache
def _numeric(language: str | None) -> tuple[re.Pattern[str], ...]:
    separator = _DAY_FIRST.get(language or "")
    if separator is None:
        return ()
    end = r"\.?" if separator == r"\." else ""
    day_month = rf"(?<![\d./])(?P<day>\d{{1,2}}){separator}(?P<month>\d{{1,2}})"
    form = rf"{day_month}(?:{separator}(?P<year>\d{{4}})|{end})(?![\d/])"
    return (re.compile(form),)


@cache
def _exact(language: str | None) -> re.Pattern[str]:
    # the longest first: "the day before yesterday" holds "yesterday"
    keys = ("day_before_yesterday", "yesterday", "today")
    forms = "|".join(f"(?P<{key}>{_any_word(key, language)})" for key in keys)
    return re.compile(rf"(?<![\w-])(?:{forms})(?!\w)")


@cache
def _ago(language: str | None) -> re.Pattern[str]:
    """Return the pattern of "2 days ago", by language, because templates and units belong together."""
    table = load_words()
    forms = []
    for each in _languages(language):
        ones = _any(table["one"][each])
        for number, template in enumerate(table["ago"][each]):
            name = f"{each}{number}"
            units = "|".join(f"(?P<unit{name}_{unit}>{_any(table[unit][each])})" for unit in _UNITS)
            before, _, after = fold(template).partition("{}")
            count = rf"(?:(?P<count{name}>\d{{1,3}}|{ones})\s)?"
            forms.append(f"{re.escape(before)}{count}(?:{units}){re.escape(after)}")
    return re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)")


@cache
def _words(key: str, language: str | None) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_any_word(key, language)})(?!\w)")


def _languages(language: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys((language, "en"))) if language in LANGUAGES and language else ("en",)


def _any_word(key: str, language: str | None) -> str:
    return _any(list_words(key, _languages(language)[0]))


def _any(texts: Iterable[str]) -> str:
    """Return a pattern of any of the texts, the longest first. The dot of a shortened word is optional."""
    folded = sorted({fold(text).rstrip(".") for text in texts}, key=lambda text: (-len(text), text))
    return (
        "|".join(f"{re.escape(text)}\\.?" if len(text) < 5 else re.escape(text) for text in folded) or "(?!)"
    )
