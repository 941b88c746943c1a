"""Parse REDIS_URL once for both of its clients, Kombu and redis-py.

They read it differently: by default Kombu doesn't verify the certificate of a rediss:// address and redis-py
does, and each ignores parameters that the other one obeys. So neither of them is given the address itself.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from worker.server_address import ServerAddress, parse_address

_EXAMPLE: Final = "redis://:password@host:6379/0, or rediss:// for TLS"
_UNSUPPORTED_SCHEMES: Final = {
    "unix": "Unix sockets are not supported: give Redis a port on 127.0.0.1",
    "redis+socket": "Unix sockets are not supported: give Redis a port on 127.0.0.1",
    "sentinel": "Redis Sentinel is not supported: give the address of one server",
    "redis+sentinel": "Redis Sentinel is not supported: give the address of one server",
}
_FILES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_PARAMETERS: Final = (*_FILES, "ssl_cert_reqs", "ssl_check_hostname")
_VERIFY_MODES: Final = {
    "required": ssl.CERT_REQUIRED,
    "optional": ssl.CERT_OPTIONAL,
    "none": ssl.CERT_NONE,
}
_YES_NO: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """The address of Redis. `tls` has redis-py's ssl_ arguments, or is None for an unencrypted connection."""

    host: str
    port: int
    db: int
    user: str | None
    password: str | None = field(repr=False)
    tls: Mapping[str, Any] | None

    def client_options(self) -> dict[str, Any]:
        """Return the arguments with which redis.Redis connects to this server."""
        tls = {} if self.tls is None else {"ssl": True, **self.tls}
        return {
            "host": self.host,
            "port": self.port,
            "db": self.db,
            "username": self.user,
            "password": self.password,
            **tls,
        }

    def broker_settings(self) -> dict[str, Any]:
        """Return Celery's settings for this server as the broker. Flower reads these too."""
        user, password = quote(self.user or "", safe=""), quote(self.password or "", safe="")
        credentials = f"{user}:{password}@" if password else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "redis" if self.tls is None else "rediss"
        return {
            "broker_url": f"{scheme}://{credentials}{host}:{self.port}/{self.db}",
            "broker_use_ssl": False if self.tls is None else dict(self.tls),
        }


def parse(url: str, *, may_be_unverified: bool = False) -> RedisAddress:
    """Return the parsed address. Raises ValueError, without quoting it, if it is invalid or unsafe.

    The certificate and host name are verified against the system's authorities or `ssl_ca_certs`. An address
    that turns this off is refused unless `may_be_unverified`.
    """
    for scheme, advice in _UNSUPPORTED_SCHEMES.items():
        if url.lower().startswith(f"{scheme}://"):
            raise ValueError(advice)
    address = parse_address(url, schemes=("redis", "rediss"), example=_EXAMPLE)
    if not address.host:
        raise ValueError(f"names no host; it must look like {_EXAMPLE}")
    if address.has_credentials and not address.password:
        raise ValueError(
            "has an @ but no password; the password comes after a colon, as in redis://:password@host"
        )
    return RedisAddress(
        host=address.host,
        port=address.port or 6379,
        db=_database(address.path),
        user=address.user or None,
        password=address.password or None,
        tls=_tls(address, may_be_unverified=may_be_unverified),
    )


def _database(path: str) -> int:
    number = path.removeprefix("/") or "0"
    if not (number.isascii() and number.isdigit() and len(number) < 6):
        raise ValueError("has a database that isn't a number; it follows the port, as in redis://host:6379/0")
    return int(number)


def _tls(address: ServerAddress, *, may_be_unverified: bool) -> Mapping[str, Any] | None:
    if not address.query.keys() <= set(_PARAMETERS):
        raise ValueError(f"may have these parameters only: {', '.join(_PARAMETERS)}")
    if address.scheme == "redis":
        if address.query:
            raise ValueError("has parameters for TLS, which begins with rediss://")
        return None
    mode_name = address.query.get("ssl_cert_reqs", "required").lower().removeprefix("cert_")
    mode = _VERIFY_MODES.get(mode_name)
    if mode is None:
        raise ValueError("has an unknown ssl_cert_reqs; required is the default")
    by_name = _YES_NO.get(address.query.get("ssl_check_hostname", "true").lower())
    if by_name is None:
        raise ValueError("has an unknown ssl_check_hostname; true is the default")
    if not may_be_unverified and (mode is not ssl.CERT_REQUIRED or not by_name):
        raise ValueError(
            "turns off the check of the server's certificate or name, so that anybody in between can read "
            "the password and send tasks; give ssl_ca_certs for a certificate of your own, or read about "
            "RAPPORT_REDIS_TLS_UNVERIFIED in docs/configuration.md"
        )
    files = {name: address.query[name] for name in _FILES if name in address.query}
    _check_files(files)
    return {
        "ssl_cert_reqs": mode,
        "ssl_check_hostname": by_name and mode is not ssl.CERT_NONE,
        **files,
    }


def _check_files(files: Mapping[str, str]) -> None:
    """Load the files once, so that an invalid one is reported at start-up and not by each connection."""
    context = ssl.create_default_context()
    try:
        if "ssl_ca_certs" in files:
            context.load_verify_locations(cafile=files["ssl_ca_certs"])
    except (OSError, ValueError):
        raise ValueError("has an ssl_ca_certs that isn't a readable file of certificates (PEM)") from None
    if "ssl_keyfile" in files and "ssl_certfile" not in files:
        raise ValueError("has an ssl_keyfile without its ssl_certfile")
    try:
        if "ssl_certfile" in files:
            # Without a password argument OpenSSL would prompt for one.
            context.load_cert_chain(files["ssl_certfile"], files.get("ssl_keyfile"), password="")
    except (OSError, ValueError):
        raise ValueError(
            "has an ssl_certfile and ssl_keyfile that aren't a certificate and its key, readable and without "
            "password (PEM)"
        ) from None
