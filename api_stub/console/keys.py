"""Signatures of cookies and forms. The keys can be rotated: the first one signs, all of them verify."""

import base64
import hmac
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from pydantic import SecretStr

from worker.rules.console.signing_keys import parse_signing_keys

_NONCE_BYTES: Final = 16


class ConsoleKeys:
    """Signs texts. A signature for one purpose is none for another."""

    def __init__(self, keys: SecretStr) -> None:
        self._keys = parse_signing_keys(keys.get_secret_value())

    def sign(self, purpose: str, text: str) -> str:
        """Return the signature of `text` by the first key."""
        return _sign(self._keys[0], purpose, text)

    def verify(self, purpose: str, text: str, signature: str) -> bool:
        """Return whether one of the keys made this signature."""
        given = signature.encode(errors="surrogatepass")
        return any(hmac.compare_digest(_sign(key, purpose, text).encode(), given) for key in self._keys)


@dataclass(frozen=True, slots=True)
class FormTokens:
    """The tokens of the forms of one session, or of one browser before it has one.

    Each page gets another one, so that a compressed page doesn't betray it (BREACH); all are valid.
    """

    keys: ConsoleKeys = field(repr=False)
    holder: str

    def issue(self) -> str:
        """Return a token for the forms of one page."""
        nonce = secrets.token_urlsafe(_NONCE_BYTES)
        return f"{nonce}.{self.keys.sign('form', f'{self.holder} {nonce}')}"

    def accepts(self, token: str) -> bool:
        """Return whether this is a token of this session."""
        nonce, _, signature = token.partition(".")
        return self.keys.verify("form", f"{self.holder} {nonce}", signature)


def _sign(key: bytes, purpose: str, text: str) -> str:
    signed = hmac.new(key, f"rapport console {purpose}: {text}".encode(errors="surrogatepass"), sha256)
    return base64.urlsafe_b64encode(signed.digest()).decode().rstrip("=")
