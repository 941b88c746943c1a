"""Numbers as JSON has them. Pydantic alone would also accept text and booleans."""

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError


def _is_number(given: object) -> object:
    if isinstance(given, bool | str | bytes):
        raise PydanticCustomError("no_number", "Input should be a number, not text and not true or false")
    return given


JSON_NUMBER = BeforeValidator(_is_number)
"""To be used in `Annotated`, after the bounds. An integer may be written as 3.0, as JSON Schema allows."""
