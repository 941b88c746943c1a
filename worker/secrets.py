"""Encryption at rest. The keys rotate: the first encrypts, all of them decrypt."""

from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from worker.errors import ConfigurationError

SESSION_UNREADABLE: Final = (
    "the stored session can't be opened: RAPPORT_SECRET_KEYS lacks the key that it was sealed with"
)


class Vault:
    """Encrypts what must not lie open in Postgres (browser sessions)."""

    def __init__(self, keys: SecretStr) -> None:
        parts = [key.strip() for key in keys.get_secret_value().split(",") if key.strip()]
        try:
            self._fernet = MultiFernet([Fernet(key) for key in parts])
        except ValueError:
            raise ConfigurationError(
                "RAPPORT_SECRET_KEYS must hold Fernet keys; `rapport secrets new-key` prints one."
            ) from None

    def seal(self, text: str) -> bytes:
        """Return `text` encrypted with the newest key."""
        return self._fernet.encrypt(text.encode())

    def opens(self, sealed: bytes) -> bool:
        """Return whether one of the keys fits."""
        try:
            self._fernet.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def seal_anew(self, sealed: bytes) -> bytes:
        """Return it sealed with the newest key. Raises ConfigurationError when no key fits."""
        return self.seal(self.open(sealed).get_secret_value())

    def open(self, sealed: bytes) -> SecretStr:
        """Return what `seal` was given. Raises ConfigurationError when no key fits."""
        try:
            return SecretStr(self._fernet.decrypt(sealed).decode())
        except InvalidToken:
            raise ConfigurationError(SESSION_UNREADABLE) from None
