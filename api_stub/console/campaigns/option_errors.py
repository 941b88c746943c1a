"""What is wrong with the options in a form, by field, in the person's language."""

from collections.abc import Iterable, Mapping
from gettext import NullTranslations
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from worker.errors import RequestRefusedError


def _(text: str) -> str:
    """Mark a text for the catalogue."""
    return text


_TEXTS: Final[Mapping[str, str]] = {
    "greater_than_equal": _("at least %(ge)s"),
    "less_than_equal": _("at most %(le)s"),
    "no_number": _("a whole number, please"),
    "int_from_float": _("a whole number, please"),
    "string_pattern_mismatch": _("small letters, digits, - and _ only"),
    "string_too_long": _("at most %(max_length)s characters"),
    "too_long": _("at most %(max_length)s of them"),
    "control_character": _("one line, without control characters"),
    "no_word": _("there is no letter or digit to search for"),
    "twice": _("%(phrase)s is given twice"),
    "language": _("two letters for each language, such as en or fr"),
    "years": _("at least %(least)s years, and at most %(most)s: that is nobody"),
    "not_asked": _("one of these has no value above: give it one, or take it out here"),
    "enum": _("unknown"),
}
"""By the type of Pydantic's error, with its values."""

GENERAL: Final = ""
"""The key of errors that belong to no field."""


def list_errors(error: ValidationError, fields: Iterable[str], texts: NullTranslations) -> Mapping[str, str]:
    """Return the first error of each field."""
    found: dict[str, str] = {}
    known = frozenset(fields)
    for each in error.errors(include_url=False):
        named = [str(each.get("ctx", {}).get("field", ""))]  # what an error of several fields is about
        place = _find_field((*each["loc"], *filter(None, named)), known)
        found.setdefault(place, _describe(each, texts))
    return found


def place_refusal(refusal: RequestRefusedError, fields: Iterable[str]) -> Mapping[str, str]:
    """Return a refusal by the field that its text begins with."""
    name, separator, text = str(refusal).partition(": ")
    place = _find_field(tuple(name.split(".")), frozenset(fields)) if separator else GENERAL
    return {place: text if place else str(refusal)}


def _find_field(location: tuple[int | str, ...], known: frozenset[str]) -> str:
    """Return the field of a place in the options: an entry of a list belongs to the list's field."""
    names = (".".join(map(str, location[:length])) for length in range(len(location), 0, -1))
    return next((name for name in names if name in known), GENERAL)


def _describe(error: ErrorDetails, texts: NullTranslations) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    known = _TEXTS.get(error["type"])
    if known is None:
        return error["msg"].removeprefix("Value error, ")
    return texts.gettext(known) % context
