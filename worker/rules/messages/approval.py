"""Approval of a message: bound to one recipient and one text. Validates texts that a person wrote."""

import hashlib
from typing import Final

from worker.rules.messages.message_text import describe_position, find_message_fault
from worker.rules.messages.placeholders import find_placeholders

_WHITE_SPACE: Final = " \t\n\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""White space around a text. `str.strip` would also strip control characters, which must be refused."""


class TextRefusedError(ValueError):
    """A text that a person wrote can't be sent. The error text says why."""


def approval_hash(profile_url: str, message: str) -> str:
    """Return the hash that binds an approval to a recipient (normalised profile address) and a text."""
    return hashlib.sha256(f"{profile_url}\n{message}".encode()).hexdigest()


def validate_message(text: str) -> str:
    """Return a text that a person wrote as it will be sent: stripped, with LF as line ends.

    Raises TextRefusedError for a text that `find_message_fault` rejects, and for a field of a template, of
    Rapport's or of another program, which would be sent as it stands.
    """
    message = text.replace("\r\n", "\n").strip(_WHITE_SPACE)
    fault = find_message_fault(message)
    if fault is not None:
        raise TextRefusedError(f"the text {fault}")
    if found := find_placeholders(message):
        raise TextRefusedError(
            f"the text has {found[0].written} {describe_position(message, found[0].start)}: only templates "
            "have fields, so write the words themselves"
        )
    return message
