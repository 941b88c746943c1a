"""Numbers as JSON has them: Pydantic would also read them from text and from true and false."""

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError


def _is_number(given: object) -> object:
    if isinstance(given, bool | str | bytes):
        raise PydanticCustomError("no_number", "Input should be a number, not text and not true or false")
    return given


JSON_NUMBER = BeforeValidator(_is_number)
"""Behind a number's bounds in `Annotated`. A whole number may be written as 3.0, as JSON Schema has it."""
