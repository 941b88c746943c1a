"""Random tokens, of which the database has only the hash: nobody who reads it can use them."""

import secrets
from hashlib import sha256
from typing import Final

_TOKEN_BYTES: Final = 32


def new_token() -> str:
    """Return a token of 256 random bits."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_token(token: str) -> bytes:
    """Return the SHA-256 of a token."""
    return sha256(token.encode(errors="surrogatepass")).digest()
