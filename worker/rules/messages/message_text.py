"""What the text of a message may hold, whoever wrote it."""

import unicodedata

from worker.rules.characters import find_invisible, has_visible_text

MAX_MESSAGE_CHARACTERS = 600
"""Longer greetings read like advertising. Every site accepts this length."""


def find_message_fault(message: str) -> str | None:
    """Return why `message` can't be sent, to follow "the text" or "the template", or None if it can.

    A message must show something, have at most 600 characters, and hold no control or invisible character.
    """
    place = find_invisible(message)
    if place is not None:
        name = unicodedata.name(message[place], "")  # controls have none
        character = f"U+{ord(message[place]):04X}{f' ({name})' if name else ''}"
        return f"has a control character, {character}, {describe_position(message, place)}: take it out"
    if not has_visible_text(message):
        return "is empty: it has no visible character"
    if len(message) > MAX_MESSAGE_CHARACTERS:
        return f"has {len(message)} characters; at most {MAX_MESSAGE_CHARACTERS} are sent"
    return None


def describe_position(message: str, place: int) -> str:
    """Return the position of a character in a message as an editor counts it: line and column."""
    before = message[:place].split("\n")
    return f"at character {len(before[-1]) + 1}" + (f" of line {len(before)}" if "\n" in message else "")
