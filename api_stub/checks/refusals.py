"""Explains errors of connecting to Postgres or Redis, above all those of TLS.

Neither driver has an error class for each cause, so the texts of libpq and OpenSSL are searched. An error
without these words leaves the usual finding.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

_MISNAMED: Final = "its certificate is for another host name"
_UNVERIFIED: Final = (
    "its certificate can't be verified: no authority that is trusted here signed it, or it has expired"
)

_POSTGRES: Final[Mapping[str, tuple[str, str]]] = {
    "does not match host name": (
        _MISNAMED,
        "name the host in DATABASE_URL as its certificate does, or give Postgres a certificate for that name",
    ),
    "certificate verify failed": (
        _UNVERIFIED,
        "let sslrootcert in DATABASE_URL name its authority, or renew it (docs/deployment.md#postgres)",
    ),
    "does not support SSL": (
        "it doesn't speak TLS",
        "turn it on in Postgres (ssl = on), because the sslmode of DATABASE_URL asks for it",
    ),
    "root certificate file": (
        "the file of sslrootcert is no certificate",
        "let sslrootcert in DATABASE_URL name the authority's certificate (PEM)",
    ),
    "requires a valid client certificate": (
        "it asks for a client certificate",
        "let sslcert and sslkey in DATABASE_URL name the files of one",
    ),
}
_REDIS: Final[Mapping[str, tuple[str, str]]] = {
    "mismatch, certificate is not valid for": (
        _MISNAMED,
        "name the host in REDIS_URL as its certificate does, or give Redis a certificate for that name",
    ),
    "CERTIFICATE_VERIFY_FAILED": (
        _UNVERIFIED,
        "let ssl_ca_certs in REDIS_URL name its authority, or renew it (docs/deployment.md#redis)",
    ),
}


def explain_postgres(error: SQLAlchemyError) -> tuple[str, str]:
    """Return what is wrong with the connection to Postgres, and what to do about it."""
    return _find(_POSTGRES, error) or (type(error).__name__, "is DATABASE_URL right, and Postgres running?")


def explain_redis(error: Exception) -> tuple[str, str]:
    """Return what is wrong with the connection to Redis, and what to do about it."""
    return _find(_REDIS, error) or (type(error).__name__, "is REDIS_URL right, and Redis running?")


def _find(known: Mapping[str, tuple[str, str]], error: Exception) -> tuple[str, str] | None:
    said = str(error)
    return next((finding for words, finding in known.items() if words in said), None)
