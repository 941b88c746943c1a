"""Hash and verify passwords with Argon2id (RFC 9106)."""

import secrets
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from pydantic import SecretStr

from worker.rules.console.passwords import normalise_password

# OWASP's first recommendation for Argon2id: 19 MiB, 2 iterations, 1 lane (Password Storage Cheat Sheet).
_MEMORY_KIB: Final = 19_456
_ITERATIONS: Final = 2
_LANES: Final = 1
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32


def hash_password(password: SecretStr) -> str:
    """Return the password's hash with its salt and parameters, as a PHC string."""
    return Argon2id(
        salt=secrets.token_bytes(_SALT_BYTES),
        length=_HASH_BYTES,
        iterations=_ITERATIONS,
        lanes=_LANES,
        memory_cost=_MEMORY_KIB,
    ).derive_phc_encoded(_encode(password))


def verify_password(password: SecretStr, stored: str | None) -> bool:
    """Return whether this is the password that `stored` was made from.

    Without one, False after the same time: otherwise the time would tell which users exist.
    """
    try:
        Argon2id.verify_phc_encoded(_encode(password), stored or _NOBODYS)
    except InvalidKey:
        return False
    return stored is not None


def _encode(password: SecretStr) -> bytes:
    return normalise_password(password.get_secret_value()).encode(errors="surrogatepass")


_NOBODYS: Final = (
    f"$argon2id$v=19$m={_MEMORY_KIB},t={_ITERATIONS},p={_LANES}$AAAAAAAAAAAAAAAAAAAAAA$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
"""A hash that no known password has, with the same parameters."""
