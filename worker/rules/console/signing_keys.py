"""The form of the keys that sign the console's cookies."""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

_KEY_BYTES: Final = 32


def parse_signing_keys(given: str) -> Sequence[bytes]:
    """Return the keys of a list with commas between them. Raises ValueError unless each is a Fernet key."""
    parts = [part.strip() for part in given.split(",") if part.strip()]
    try:
        keys = [base64.b64decode(part, altchars=b"-_", validate=True) for part in parts]
    except (binascii.Error, ValueError):
        keys = []
    if not keys or any(len(key) != _KEY_BYTES for key in keys):
        raise ValueError("must hold Fernet keys; `rapport secrets new-key` prints one")
    return keys
