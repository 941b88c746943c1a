"""What the text of a message may hold, whoever wrote it."""

import unicodedata
from typing import Final

from worker.rules.texts.characters import find_invisible, has_visible_text
from worker.rules.wording.phrases import Phrase

MAX_MESSAGE_CHARACTERS = 600
"""Longer greetings read like advertising. Every site accepts this length."""

CONTROL: Final = "has a control character, %(character)s, at character %(column)d: take it out"
CONTROL_IN_LINE: Final = (
    "has a control character, %(character)s, at character %(column)d of line %(line)d: take it out"
)
EMPTY: Final = "is empty: it has no visible character"
TOO_LONG: Final = "has %(length)d characters; at most %(most)d are sent"


def find_message_fault(message: str) -> Phrase | None:
    """Return why `message` can't be sent, to follow "the text" or "the template", or None if it can.

    A message must show something, have at most 600 characters, and hold no control or invisible character.
    """
    place = find_invisible(message)
    if place is not None:
        name = unicodedata.name(message[place], "")  # controls have none
        character = f"U+{ord(message[place]):04X}{f' ({name})' if name else ''}"
        return place_phrase(CONTROL, CONTROL_IN_LINE, message, place, character=character)
    if not has_visible_text(message):
        return Phrase(EMPTY)
    if len(message) > MAX_MESSAGE_CHARACTERS:
        return Phrase(TOO_LONG, {"length": len(message), "most": MAX_MESSAGE_CHARACTERS})
    return None


def place_phrase(text: str, in_line: str, message: str, place: int, **values: object) -> Phrase:
    """Return `text` with the position of a character as an editor counts it, or `in_line` if it has lines."""
    before = message[:place].split("\n")
    column = len(before[-1]) + 1
    if "\n" in message:
        return Phrase(in_line, {**values, "column": column, "line": len(before)})
    return Phrase(text, {**values, "column": column})


def describe_position(message: str, place: int) -> str:
    """Return the position of a character in a message as an editor counts it: line and column."""
    before = message[:place].split("\n")
    return f"at character {len(before[-1]) + 1}" + (f" of line {len(before)}" if "\n" in message else "")
