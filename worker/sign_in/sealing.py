"""Encrypt what the browser of a sign-in and the person's page exchange.

The key is only in the link, after the #, which browsers don't send. The HTTP API and Redis pass the messages
on, but can't read what is typed or shown.
"""

import secrets
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class Direction(StrEnum):
    """The direction of a message. It is authenticated, so a message can't be replayed to its sender."""

    TO_PAGE = "to-page"
    TO_BROWSER = "to-browser"


def seal(key: bytes, direction: Direction, message: bytes) -> bytes:
    """Return a random nonce and the message, encrypted with AES-GCM."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, message, direction.encode())


def unseal(key: bytes, direction: Direction, sealed: bytes) -> bytes | None:
    """Return the message, or None if it wasn't sealed with this key for this direction."""
    if len(sealed) <= _NONCE_BYTES:
        return None
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], direction.encode())
    except InvalidTag:
        return None
