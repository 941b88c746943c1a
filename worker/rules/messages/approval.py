"""What a person approves: this recipient and this text, and nothing else."""

import hashlib
import re
from typing import Final

from worker.rules.messages.templates import TEMPLATE_FIELDS, describe_position, find_message_fault

_AROUND: Final = " \t\n\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""Blanks. `str.strip` alone takes controls away as well, which are to be refused."""

_TEMPLATE: Final = re.compile(rf"\{{[{{%#]|[}}%#]\}}|\{{\s*(?:{'|'.join(TEMPLATE_FIELDS)})\s*\}}")
"""What is left of a template, and a field in braces of one's own."""


class TextRefusedError(ValueError):
    """A person's own text can't be sent. It says why."""


def approval_hash(profile_url: str, message: str) -> str:
    """Return the hash that binds an approval to a recipient (normalised profile address) and a text."""
    return hashlib.sha256(f"{profile_url}\n{message}".encode()).hexdigest()


def validate_message(text: str) -> str:
    """Return a text that a person wrote as it will be sent: no white space around it, lines end with LF.

    Raises TextRefusedError for what no template may say either (see `fault_of`), and for braces of a
    template: nobody fills them in any more.
    """
    message = text.replace("\r\n", "\n").strip(_AROUND)
    fault = find_message_fault(message)
    if fault is not None:
        raise TextRefusedError(f"the text {fault}")
    if left := _TEMPLATE.search(message):
        raise TextRefusedError(
            f"the text has {left[0]} {describe_position(message, left.start())}: only templates have fields, "
            "so write what is to be read"
        )
    return message
