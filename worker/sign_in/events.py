"""The input events of the page that shows the window of a sign-in."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MAX_EVENTS: Final = 100
MAX_TEXT: Final = 500
"""Characters in one event: more than a password has, so that one can be pasted."""

_Coordinate = Annotated[float, Field(ge=0, le=4096, allow_inf_nan=False)]
_Distance = Annotated[float, Field(ge=-4096, le=4096, allow_inf_nan=False)]


class _Event(BaseModel):
    """`hide_input_in_errors`: what is typed must not be in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Start(_Event):
    """The page was opened, or its size changed. Sizes are in CSS pixels."""

    type: Literal["start"]
    width: int = Field(ge=1, le=10_000)
    height: int = Field(ge=1, le=10_000)


class Mouse(_Event):
    """The mouse moved, or its button was pressed or released, at a point of the window."""

    type: Literal["move", "down", "up"]
    x: _Coordinate
    y: _Coordinate
    clicks: int = Field(1, ge=1, le=3)


class Wheel(_Event):
    """The wheel was turned."""

    type: Literal["wheel"]
    dx: _Distance
    dy: _Distance


class Key(_Event):
    """A key that enters no text was pressed."""

    type: Literal["key"]
    key: Literal[
        "Enter", "Tab", "Shift+Tab", "Backspace", "Delete", "Escape", "ArrowUp", "ArrowDown", "ArrowLeft",
        "ArrowRight", "Home", "End", "PageUp", "PageDown", "ControlOrMeta+a",
    ]  # fmt: skip


class Text(_Event):
    """Text was typed or pasted. It may be a password, so it is never shown or logged."""

    type: Literal["text"]
    text: str = Field(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=MAX_TEXT, repr=False)


Event = Annotated[Start | Mouse | Wheel | Key | Text, Field(discriminator="type")]


class Batch(_Event):
    """Events in their order. `n` grows from batch to batch, so that none can be repeated."""

    n: int = Field(ge=1, le=2**53)
    events: list[Event] = Field(max_length=MAX_EVENTS)


def parse_batch(message: bytes) -> Batch | None:
    """Return the batch, or None if the message is not one."""
    try:
        return Batch.model_validate_json(message)
    except ValidationError:
        return None
