"""Encryption at rest. The keys can be rotated: the first one encrypts, all of them decrypt."""

from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from worker.errors import ConfigurationError

SESSION_UNREADABLE: Final = (
    "the stored session can't be decrypted: RAPPORT_SECRET_KEYS lacks the key that encrypted it"
)


class Vault:
    """Encrypts and decrypts the secrets in Postgres: browser sessions, and addresses of subscriptions."""

    def __init__(self, keys: SecretStr) -> None:
        parts = [key.strip() for key in keys.get_secret_value().split(",") if key.strip()]
        try:
            self._fernet = MultiFernet([Fernet(key) for key in parts])
        except ValueError:
            raise ConfigurationError(
                "RAPPORT_SECRET_KEYS must hold Fernet keys; `rapport secrets new-key` prints one."
            ) from None

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
            raise ConfigurationError(SESSION_UNREADABLE) from None
