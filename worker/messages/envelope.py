"""The envelope of every message from the broker, and the types of its fields."""

import base64
import binascii
import re
from collections.abc import Collection
from typing import Annotated, Any, Final, Literal, TypeVar

from kombu.utils.json import loads, object_hook
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worker.rules.wire.refusals import MessageRefusedError, Refusal
from worker.rules.wire.strict_json import parse

_OBJECT_ERRORS: Final = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError)
_PYDANTIC_WORDS: Final = re.compile(r"^Value error, | or instance of \w+$")

Short = Annotated[str, Field(max_length=255, pattern=r"^[\x20-\x7e]*$")]
Id = Annotated[Short, Field(min_length=1)]
Count = Annotated[int, Field(ge=0, le=100_000)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class StrictModel(BaseModel):
    """Base of the message models. Nothing is converted: Celery receives the unconverted value."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True)


class DeliveryInfo(StrictModel):
    """Where the message was published. Other fields are refused, because Kombu would act on some."""

    model_config = ConfigDict(extra="forbid")

    exchange: Short
    routing_key: Short
    priority: int | None = None
    redelivered: bool = False


class Properties(StrictModel):
    """The properties of a message that Kombu needs."""

    delivery_info: DeliveryInfo
    delivery_tag: Id
    body_encoding: Literal["base64", "utf-8"] | None = None
    priority: Annotated[int, Field(ge=0, le=255)] | None = None
    correlation_id: Short | None = None
    reply_to: Short | None = None


class Envelope(StrictModel):
    """A message as it is stored in Redis."""

    properties: Properties
    headers: dict[str, Any] = Field(default_factory=dict)  # optional in protocol 1
    body: str
    content_type: Literal["application/json"] = Field(alias="content-type")
    content_encoding: Annotated[str, Field(pattern="(?i)^utf-8$")] = Field(alias="content-encoding")


class Unacked(StrictModel):
    """Kombu's record of an unacknowledged message."""

    message: Envelope
    exchange: Short
    routing_key: Short


_Part = TypeVar("_Part", bound=StrictModel)


def validate_as(form: type[_Part], value: object, otherwise: Refusal) -> _Part:
    """Return `value` as `form`. Raises MessageRefusedError with the reason `otherwise` and the field's name.

    An unknown field may have any name, so only its place is given.
    """
    try:
        return form.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        steps = first["loc"][:-1] if first["type"] == "extra_forbidden" else first["loc"]
        where = ".".join(str(step) for step in steps)
        what = _PYDANTIC_WORDS.sub("", first["msg"])
        raise MessageRefusedError(otherwise, f"{where}: {what}" if where else what) from None


def read_envelope(raw: bytes) -> Envelope:
    """Parse and check the envelope of a message. Raises MessageRefusedError."""
    return validate_as(Envelope, parse(raw, hook=decode_object), Refusal.BAD_ENVELOPE)


def read_body(envelope: Envelope, *, any_text: bool = False, names: Collection[str] = frozenset()) -> object:
    """Decode and parse the body. Raises MessageRefusedError, which may tell the given names."""
    body = envelope.body.encode()
    if envelope.properties.body_encoding == "base64":
        try:
            body = base64.b64decode(body, validate=True)
        except binascii.Error:
            raise MessageRefusedError(Refusal.BAD_BODY, "not base64") from None
    try:
        return parse(body, hook=decode_object, any_text=any_text, names=names)
    except MessageRefusedError as refused:
        raise MessageRefusedError(refused.reason, f"body: {refused}") from None


def decode_object(fields: dict[str, Any]) -> object:
    """Decode a JSON object as Kombu does, which writes a UUID, a time and the like as an object."""
    try:
        return object_hook(fields)
    except _OBJECT_ERRORS:
        raise MessageRefusedError(Refusal.NOT_JSON, "an object claims a type that it doesn't have") from None


def check_unacked(raw: bytes) -> None:
    """Check that Kombu can restore a record of an unacknowledged message. Raises MessageRefusedError."""
    try:
        entry = loads(raw)  # type: ignore[no-untyped-call]  # untyped there
    except (*_OBJECT_ERRORS, RecursionError):
        raise MessageRefusedError(Refusal.BAD_UNACKED, "not JSON") from None
    if not isinstance(entry, list) or len(entry) != len(Unacked.model_fields):
        raise MessageRefusedError(Refusal.BAD_UNACKED, "not a list of message, exchange and routing key")
    validate_as(Unacked, dict(zip(Unacked.model_fields, entry, strict=True)), Refusal.BAD_UNACKED)
