"""Encryption at rest. The keys can be rotated: the first one encrypts, all of them decrypt."""

import hashlib
from collections.abc import Sequence
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from worker.errors import ConfigurationError

SESSION_UNREADABLE: Final = (
    "the stored session can't be decrypted: RAPPORT_SECRET_KEYS lacks the key that encrypted it"
)


NOTICE_URL_UNREADABLE: Final = (
    "the stored URL can't be decrypted: RAPPORT_NOTICE_KEYS lacks the key that encrypted it"
)


class Vault:
    """Encrypts and decrypts the secrets in Postgres: browser sessions, and addresses of subscriptions.

    Where notices are sent has keys of its own, in another `variable`.
    """

    def __init__(
        self, keys: SecretStr, *, variable: str = "RAPPORT_SECRET_KEYS", unreadable: str = SESSION_UNREADABLE
    ) -> None:
        self._unreadable = unreadable
        self.variable = variable
        parts = [key.strip() for key in keys.get_secret_value().split(",") if key.strip()]
        try:
            self._fernet = MultiFernet([Fernet(key) for key in parts])
        except ValueError:
            raise ConfigurationError(
                f"{variable} must hold Fernet keys; `rapport secrets new-key` prints one."
            ) from None
        self.fingerprints: Sequence[str] = tuple(map(_fingerprint, parts))

    def seal(self, text: str) -> bytes:
        """Return `text` encrypted with the first key."""
        return self._fernet.encrypt(text.encode())

    def can_open(self, sealed: bytes) -> bool:
        """Return whether one of the keys decrypts it."""
        try:
            self._fernet.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def reseal(self, sealed: bytes) -> bytes:
        """Return it encrypted with the first key. Raises ConfigurationError if no key decrypts it."""
        return self.seal(self.open(sealed).get_secret_value())

    def open(self, sealed: bytes) -> SecretStr:
        """Return the decrypted text. Raises ConfigurationError if no key decrypts it."""
        try:
            return SecretStr(self._fernet.decrypt(sealed).decode())
        except InvalidToken:
            raise ConfigurationError(self._unreadable) from None


def _fingerprint(key: str) -> str:
    """Return what names a key and tells nothing of it: keys are random, so a hash can't be guessed back."""
    return hashlib.sha256(b"rapport key " + key.encode()).hexdigest()[:16]


def open_notice_vault(keys: SecretStr) -> Vault:
    """Return the vault of where notices are sent."""
    return Vault(keys, variable="RAPPORT_NOTICE_KEYS", unreadable=NOTICE_URL_UNREADABLE)
