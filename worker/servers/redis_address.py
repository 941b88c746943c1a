"""Parse REDIS_URL once for both of its clients, Kombu and redis-py.

They read it differently: by default Kombu doesn't verify the certificate of a rediss:// address and redis-py
does, each ignores parameters that the other one obeys, and they spell Unix sockets and Sentinel differently.
So neither of them is given the address itself.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, unquote

from worker.servers.server_address import ServerAddress, check_parameters, parse_address

_EXAMPLE: Final = (
    "redis://:password@host:6379/0, rediss:// for TLS, unix:///folder/redis.sock?db=0 or "
    "sentinel://:password@host1:26379,host2:26379/service/0"
)
_TCP: Final = ("redis", "rediss")
_UNIX: Final = ("unix", "redis+socket")
"""The spellings of redis-py and of Kombu."""
_SENTINEL: Final = ("sentinel", "redis+sentinel", "rediss+sentinel")
_WITH_TLS: Final = ("rediss", "rediss+sentinel")
_FILES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_TLS_PARAMETERS: Final = (*_FILES, "ssl_cert_reqs", "ssl_check_hostname")
_DB_PARAMETERS: Final = ("db", "virtual_host")
_SENTINEL_PARAMETERS: Final = ("sentinel_user", "sentinel_password")
_VERIFY_MODES: Final = {
    "required": ssl.CERT_REQUIRED,
    "optional": ssl.CERT_OPTIONAL,
    "none": ssl.CERT_NONE,
}
_YES_NO: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Sentinels:
    """How to ask the Sentinels for the server of `service`: their user and password."""

    service: str
    user: str | None
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """The address of Redis. `tls` has redis-py's ssl_ arguments, or is None for an unencrypted connection.

    `hosts` are the server's host and port, those of all `sentinels`, or none if there is a Unix `socket`.
    """

    hosts: tuple[tuple[str, int], ...]
    db: int
    user: str | None
    password: str | None = field(repr=False)
    tls: Mapping[str, Any] | None
    socket: str | None = None
    sentinels: Sentinels | None = None

    @property
    def host(self) -> str:
        """The first host; empty for a Unix socket."""
        return self.hosts[0][0] if self.hosts else ""

    @property
    def port(self) -> int:
        """The port of the first host; 0 for a Unix socket."""
        return self.hosts[0][1] if self.hosts else 0

    def __str__(self) -> str:
        """Return what it names, without the password."""
        if self.socket is not None:
            return self.socket
        hosts = ", ".join(f"{host}:{port}" for host, port in self.hosts)
        return hosts if self.sentinels is None else f"{self.sentinels.service} of the Sentinels {hosts}"

    def broker_settings(self) -> dict[str, Any]:
        """Return Celery's settings for this server as the broker.

        Celery shows its settings to remote control, and hides only the user's own password in them. So a
        Unix socket and Sentinels are remembered here, and worker/celery_extensions/broker.py finds them by
        the URL's host.
        """
        host, port = self.host, f":{self.port}"
        scheme = "redis" if self.tls is None else "rediss"
        if self.socket is not None:
            scheme, host, port = "unix", self.socket, ""
        elif self.sentinels is not None:
            scheme, port = "sentinel", ""
            host = f"{','.join(f'{name}:{number}' for name, number in self.hosts)}/{self.sentinels.service}"
        elif ":" in host:
            host = f"[{host}]"
        if scheme in {"unix", "sentinel"}:
            _REMEMBERED[_key(host, str(self.db), self.user, self.password)] = self
            host = quote(host, safe="")
        user, password = quote(self.user or "", safe=""), quote(self.password or "", safe="")
        credentials = f"{user}:{password}@" if password else ""
        return {
            "broker_url": f"{scheme}://{credentials}{host}{port}/{self.db}",
            "broker_use_ssl": False if self.tls is None else dict(self.tls),
        }


_Key = tuple[str, str, str | None, str | None]
_REMEMBERED: Final[dict[_Key, RedisAddress]] = {}


def find_remembered(host: str, db: str, user: str | None, password: str | None) -> RedisAddress | None:
    """Return the Unix socket or Sentinels that `broker_settings` gave this host; None for a server's name."""
    return _REMEMBERED.get(_key(host, db, user, password))


def _key(host: str, db: str, user: str | None, password: str | None) -> _Key:
    return host.lower(), db, user or None, password or None  # Kombu's parser makes a host lower case


def parse(url: str, *, may_be_unverified: bool = False) -> RedisAddress:
    """Return the parsed address. Raises ValueError, without quoting it, if it is invalid or unsafe.

    The certificate and host name are verified against the system's authorities or `ssl_ca_certs`. An address
    that turns this off is refused unless `may_be_unverified`.
    """
    address = parse_address(
        url, schemes=(*_TCP, *_UNIX, *_SENTINEL), example=_EXAMPLE, several="sentinel://" in url.lower()
    )
    if address.has_credentials and not address.password:
        raise ValueError(
            "has an @ but no password; the password comes after a colon, as in redis://:password@host"
        )
    if address.scheme in _UNIX:
        return _parse_socket(address)
    if not address.hosts:
        raise ValueError(f"names no host; it must look like {_EXAMPLE}")
    is_sentinel = address.scheme in _SENTINEL
    service, db = _split_service(address.path) if is_sentinel else ("", address.path)
    check_parameters(address.query, (*_TLS_PARAMETERS, *(_SENTINEL_PARAMETERS if is_sentinel else ())))
    return RedisAddress(
        hosts=tuple((host, port or (26379 if is_sentinel else 6379)) for host, port in address.hosts),
        db=_database(db.removeprefix("/")),
        user=address.user or None,
        password=address.password or None,
        tls=_tls(address, may_be_unverified=may_be_unverified),
        sentinels=_sentinels(service, address.query) if is_sentinel else None,
    )


def _parse_socket(address: ServerAddress) -> RedisAddress:
    check_parameters(address.query, _DB_PARAMETERS)
    socket = unquote(address.path)
    if address.hosts or socket in {"", "/"}:
        raise ValueError("names no socket; it must look like unix:///folder/redis.sock?db=0")
    if len(address.query) > 1:
        raise ValueError("has both db and virtual_host")
    return RedisAddress(
        hosts=(),
        db=_database(next(iter(address.query.values()), "")),
        user=address.user or None,
        password=address.password or None,
        tls=None,
        socket=socket,
    )


def _split_service(path: str) -> tuple[str, str]:
    service, _, db = path.removeprefix("/").partition("/")
    if not service or service.isdigit():
        raise ValueError(
            "names no service, which Sentinel's configuration calls the master's name; it must look like "
            "sentinel://:password@host1:26379,host2:26379/service/0"
        )
    return unquote(service), db


def _sentinels(service: str, query: Mapping[str, str]) -> Sentinels:
    user, password = query.get("sentinel_user"), query.get("sentinel_password")
    if user and not password:
        raise ValueError("has a sentinel_user without its sentinel_password")
    return Sentinels(service, user, password)


def _database(number: str) -> int:
    number = number or "0"
    if not (number.isascii() and number.isdigit() and len(number) < 6):
        raise ValueError("has a database that isn't a number, as the 0 in redis://host:6379/0")
    return int(number)


def _tls(address: ServerAddress, *, may_be_unverified: bool) -> Mapping[str, Any] | None:
    if address.scheme not in _WITH_TLS:
        if address.query.keys() & set(_TLS_PARAMETERS):
            raise ValueError("has parameters for TLS, which begins with rediss:// or rediss+sentinel://")
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
