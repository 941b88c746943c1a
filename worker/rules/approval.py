"""What a person approves: this recipient and this text, and nothing else."""

import hashlib
import unicodedata

from worker.rules.templates import MAX_MESSAGE_CHARACTERS


class TextRefusedError(ValueError):
    """A person's own text can't be sent. It says why."""


def approval_of(profile_url: str, message: str) -> str:
    """Return the hash that binds an approval to a recipient (normalised profile address) and a text."""
    return hashlib.sha256(f"{profile_url}\n{message}".encode()).hexdigest()


def checked_text(text: str) -> str:
    """Return a text that a person wrote as it will be sent: no white space around it, lines end with LF.

    Raises TextRefusedError for an empty or too long one, and for characters that a site would swallow
    or take for a key: controls other than a line's end, and halves of surrogate pairs.
    """
    message = text.replace("\r\n", "\n").strip()
    if not message:
        raise TextRefusedError("the text is empty")
    if len(message) > MAX_MESSAGE_CHARACTERS:
        raise TextRefusedError(
            f"the text has {len(message)} characters; at most {MAX_MESSAGE_CHARACTERS} are sent"
        )
    refused = next((c for c in message if c != "\n" and unicodedata.category(c) in {"Cc", "Cs"}), None)
    if refused is not None:
        raise TextRefusedError(f"the text holds the control character U+{ord(refused):04X}: take it out")
    return message
