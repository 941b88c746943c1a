"""Numbers as JSON has them, where Pydantic alone would also accept text and booleans; lines of plain text."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from worker.rules.texts.bounds import CONTROLS, NO_CONTROLS


def _is_number(given: object) -> object:
    if isinstance(given, bool | str | bytes):
        raise PydanticCustomError("no_number", "Input should be a number, not text and not true or false")
    return given


JSON_NUMBER = BeforeValidator(_is_number)
"""To be used in `Annotated`, after the bounds. An integer may be written as 3.0, as JSON Schema allows."""

_CONTROL: Final = re.compile(rf"[{CONTROLS}]")


def _require_plain(text: str) -> str:
    if (found := _CONTROL.search(text)) is not None:
        raise PydanticCustomError(
            "control_character",
            "Character {place} is a control character: leave it out",
            {"place": found.start() + 1},
        )
    return text


PlainLine = Annotated[str, AfterValidator(_require_plain), Field(json_schema_extra={"pattern": NO_CONTROLS})]
"""A text without control characters."""
