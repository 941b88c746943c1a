"""Types of fields: every text and number of a request has bounds, and control characters are refused."""

import re
from datetime import date
from typing import Annotated, Final

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema

from worker.rules.dates.date_range import FIRST_DAY
from worker.rules.texts.bounds import MAX_LINE, MAX_TEXT, NO_CONTROLS
from worker.rules.texts.characters import find_invisible

_PLAIN_TEXT: Final = r"^[^\x00-\t\x0b-\x1f\x7f-\x9f]*$"
_INSTANT: Final = (
    r"^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})$"
)


def _require_plain(text: str) -> str:
    """Refuse control and invisible characters; a line end may be in it. Raises ValueError."""
    place = find_invisible(text)
    if place is not None:
        raise ValueError(f"character {place + 1} is a control or invisible character: leave it out")
    return text


def _require_one_line(text: str) -> str:
    if "\n" in text:
        raise ValueError("must be one line")
    return _require_plain(text)


def _require_day(given: object) -> object:
    """Refuse numbers, which Pydantic would read as seconds since 1970. Raises ValueError."""
    if isinstance(given, int | float | str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(given), re.ASCII):
        raise ValueError("a day is written as YYYY-MM-DD")
    return given


def _require_instant(given: object) -> object:
    if isinstance(given, int | float | str) and not re.fullmatch(_INSTANT, str(given), re.ASCII):
        raise ValueError("an instant is written as 2026-01-31T09:00:00Z, with its zone or offset")
    return given


ShortText = Annotated[
    str,
    Field(min_length=1, max_length=MAX_LINE, json_schema_extra={"pattern": NO_CONTROLS}),
    AfterValidator(_require_one_line),
]
"""One line."""

LongText = Annotated[
    str,
    Field(min_length=1, max_length=MAX_TEXT, json_schema_extra={"pattern": _PLAIN_TEXT}),
    AfterValidator(_require_plain),
]
"""A text with line ends."""

SearchText = Annotated[
    str, Field(max_length=100, json_schema_extra={"pattern": NO_CONTROLS}), AfterValidator(_require_one_line)
]
"""Words to search for."""

RowId = Annotated[int, Path(ge=1, lt=2**63)]
"""A number in an address."""

Day = Annotated[
    date,
    Field(ge=FIRST_DAY),
    BeforeValidator(_require_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": "^(19|2[0-9])[0-9]{2}-"}),
]

Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_require_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _INSTANT}),
]
"""An instant with its zone (RFC 3339)."""
