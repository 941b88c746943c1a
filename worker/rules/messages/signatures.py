"""The signature of an account, below each of its greetings."""

from typing import Final

from worker.rules.messages.approval import TextRefusedError, validate_message

MAX_SIGNATURE_CHARACTERS: Final = 100
SIGNATURE_LINES: Final = 3
"""At most so many lines: "Best wishes, / Zoé Blanc / Example Corp"."""

_SEPARATOR: Final = "\n"


def validate_signature(text: str) -> str:
    """Return a signature as it will be sent. Raises TextRefusedError if it can't be."""
    signature = validate_message(text)
    if len(signature) > MAX_SIGNATURE_CHARACTERS or signature.count("\n") >= SIGNATURE_LINES:
        raise TextRefusedError(
            f"a signature has at most {MAX_SIGNATURE_CHARACTERS} characters on {SIGNATURE_LINES} lines; "
            f"this one has {len(signature)} on {len(signature.splitlines())}"
        )
    return signature


def add_signature(message: str, signature: str) -> str:
    """Return the message with the signature on a line of its own; "" adds nothing."""
    return f"{message}{_SEPARATOR}{signature}" if signature else message
