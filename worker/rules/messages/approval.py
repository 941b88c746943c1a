"""Approval of a message: bound to one recipient and one text. Validates texts that a person wrote."""

import hashlib
from datetime import timedelta
from enum import StrEnum
from typing import Final

from worker.rules.messages.message_text import find_message_fault, place_phrase
from worker.rules.messages.placeholders import Placeholder, find_placeholders
from worker.rules.names.spoken_name import SpokenName
from worker.rules.wording.phrases import Phrase

UNDO_FOR: Final = timedelta(seconds=30)
"""For how long a decision can be taken back. The trigger on actions has the same number."""
UNDO_FIRST: Final = timedelta(seconds=5)
"""What was approved is not dispatched before: a wrong press is noticed within seconds."""


class Choice(StrEnum):
    """What a person decided on a proposal."""

    APPROVED = "approved"
    DROPPED = "dropped"
    HELD = "held"
    NEVER = "never"


STAND_IN: Final = (
    "has a \N{REPLACEMENT CHARACTER} at character %(column)d, in place of another character: take it out"
)
STAND_IN_IN_LINE: Final = (
    "has a \N{REPLACEMENT CHARACTER} at character %(column)d of line %(line)d, in place of another "
    "character: take it out"
)
FIELD: Final = (
    "has %(written)s at character %(column)d: only templates have fields, so write the words themselves"
)
FIELD_IN_LINE: Final = (
    "has %(written)s at character %(column)d of line %(line)d: only templates have fields, so write the "
    "words themselves"
)
FIELD_OF_NAME: Final = (
    "has %(written)s at character %(column)d: only templates have fields, so write %(name)s"
)
FIELD_OF_NAME_IN_LINE: Final = (
    "has %(written)s at character %(column)d of line %(line)d: only templates have fields, so write %(name)s"
)

_WHITE_SPACE: Final = " \t\n\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""White space around a text. `str.strip` would also strip control characters, which must be refused."""


class TextRefusedError(ValueError):
    """A text that a person wrote can't be sent. The error text says why."""


def approval_hash(profile_url: str, message: str) -> str:
    """Return the hash that binds an approval to a recipient (normalised profile address) and a text."""
    return hashlib.sha256(f"{profile_url}\n{message}".encode()).hexdigest()


def validate_message(text: str) -> str:
    """Return a text that a person wrote as it will be sent: stripped, with LF as line ends.

    Raises TextRefusedError with the first of its faults (`list_faults`).
    """
    message = normalise_message(text)
    faults = list_faults(message)
    if faults:
        raise TextRefusedError(f"the text {faults[0]}")
    return message


def normalise_message(text: str) -> str:
    """Return a text as it would be sent: without blanks around it, with LF as line ends."""
    return text.replace("\r\n", "\n").strip(_WHITE_SPACE)


def list_faults(message: str, name: SpokenName | None = None) -> list[Phrase]:
    """Return why a text of a person can't be sent, to follow "the text".

    A fault is what `find_message_fault` finds, the sign that is shown in place of a control character, and
    each field of a template, of Rapport's or of another program, because nothing would fill it in. For a
    field of the `name`, the name is offered.
    """
    fault, place = find_message_fault(message), message.find("\N{REPLACEMENT CHARACTER}")
    if fault is None and place >= 0:
        fault = place_phrase(STAND_IN, STAND_IN_IN_LINE, message, place)
    fields = [_describe_field(message, found, name) for found in find_placeholders(message)]
    return [*filter(None, [fault]), *fields]


def _describe_field(message: str, found: Placeholder, name: SpokenName | None) -> Phrase:
    values = {"first_name": name.first, "full_name": name.full} if name else {}
    if found.field in values:
        return place_phrase(
            FIELD_OF_NAME, FIELD_OF_NAME_IN_LINE, message, found.start,
            written=found.written, name=values[found.field],
        )  # fmt: skip
    return place_phrase(FIELD, FIELD_IN_LINE, message, found.start, written=found.written)
