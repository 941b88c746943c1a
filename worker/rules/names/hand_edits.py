"""Check what a person types about a contact: a birthday, a name to be called by, a language, a reason."""

import re
from datetime import date
from enum import StrEnum
from typing import Final

from worker.rules.languages import describe_unknown_language, is_known_language
from worker.rules.names.spoken_name import LONGEST_FIRST_NAME
from worker.rules.texts.bounds import MAX_LINE
from worker.rules.texts.characters import find_invisible

FIRST_YEAR: Final = 1900
_LEAP_YEAR: Final = 2000
_BIRTHDAY: Final = re.compile(r"(?:(\d{4})-|--)?(\d{1,2})-(\d{1,2})", re.ASCII)


LONGEST_REASON: Final = MAX_LINE
"""Characters of the reason for a hold."""


class EditFault(StrEnum):
    """What is wrong with a value that a person typed."""

    NO_DATE = "no_date"
    NO_SUCH_DAY = "no_such_day"
    YEAR = "year"
    INVISIBLE = "invisible"
    NO_LETTER = "no_letter"
    TOO_LONG = "too_long"
    BRACKET = "bracket"
    LANGUAGE = "language"
    REASON = "reason"


class EditRefusedError(ValueError):
    """A value that a person typed can't be stored. The text says why and what is wanted."""

    def __init__(self, fault: EditFault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


def parse_birthday(given: str, today: date) -> tuple[int, int, int | None]:
    """Return month, day and year (or None) of 3-14, --03-14 or 1980-03-14. Raises EditRefusedError."""
    found = _BIRTHDAY.fullmatch(given.strip())
    if found is None:
        raise EditRefusedError(
            EditFault.NO_DATE,
            f"{given!r} isn't a birthday: write month-day or year-month-day, such as 3-14",
        )
    year = int(found[1]) if found[1] else None
    try:
        born = date(_LEAP_YEAR if year is None else year, int(found[2]), int(found[3]))
    except ValueError:
        raise EditRefusedError(
            EditFault.NO_SUCH_DAY, f"{given!r} isn't a date in any year: write month-day, such as 3-14"
        ) from None
    if year is not None and not (year >= FIRST_YEAR and born <= today):
        raise EditRefusedError(EditFault.YEAR, f"{given!r} must lie between {FIRST_YEAR} and today")
    return born.month, born.day, year


def format_birthday(month: int, day: int, year: int | None) -> str:
    """Return a birthday as year-month-day, or month-day without a year."""
    return f"{f'{year}-' if year else ''}{month:02}-{day:02}"


def check_call_by(given: str) -> str:
    """Return a name that greetings can call a person by, with single spaces. Raises EditRefusedError."""
    name = " ".join(given.split(" ")).strip()
    if find_invisible(name) is not None or "\n" in name or "\t" in name:
        raise EditRefusedError(EditFault.INVISIBLE, "the name has a control or invisible character in it")
    if not any(sign.isalpha() for sign in name):
        raise EditRefusedError(
            EditFault.NO_LETTER, "the name has no letter in it; --off forgets a name that was set by hand"
        )
    if len(name) > LONGEST_FIRST_NAME:
        raise EditRefusedError(EditFault.TOO_LONG, f"the name is longer than {LONGEST_FIRST_NAME} characters")
    if set(name) & set("{}<>[]%"):
        raise EditRefusedError(EditFault.BRACKET, "the name has a bracket or % in it, like a placeholder")
    return name


def check_language(given: str) -> str:
    """Return a known language (ISO 639-1), in small letters. Raises EditRefusedError."""
    language = given.strip().lower()
    if not is_known_language(language):
        raise EditRefusedError(EditFault.LANGUAGE, describe_unknown_language(given))
    return language


def check_hold_reason(given: str) -> str | None:
    """Return the reason for a hold with single spaces, None if it is empty. Raises EditRefusedError."""
    reason = " ".join(given.split())
    if len(reason) > LONGEST_REASON or find_invisible(reason) is not None:
        raise EditRefusedError(
            EditFault.REASON,
            f"a reason has at most {LONGEST_REASON} characters, and no control or invisible ones",
        )
    return reason or None
