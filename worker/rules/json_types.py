"""Numbers as JSON has them: Pydantic would also read them from text and from true and false."""

from typing import Annotated

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError


def _is_number(given: object) -> object:
    if isinstance(given, bool | str | bytes):
        raise PydanticCustomError("no_number", "Input should be a number, not text and not true or false")
    return given


Whole = Annotated[int, BeforeValidator(_is_number)]
"""A whole number. 3.0 is one, as it is in JSON Schema."""
