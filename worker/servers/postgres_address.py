"""Check DATABASE_URL at start: each form that libpq reads, with the names of the usual drivers.

The address itself goes to libpq. What it would ignore, or refuse only while it connects, is refused here. An
error never quotes a value.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from worker.servers.server_address import describe_unknown, parse_address

_EXAMPLE: Final = "postgresql://user:password@host:5432/name"
_DRIVERS: Final = ("", "+psycopg", "+psycopg2", "+asyncpg")
"""SQLAlchemy's names of drivers; Rapport always uses psycopg 3."""
_SCHEMES: Final = tuple(f"{name}{driver}" for name in ("postgresql", "postgres") for driver in _DRIVERS)
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "sslmode": ("allow", "disable", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "primary", "read-write"),
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "sslnegotiation": ("direct", "postgres"),
    "load_balance_hosts": ("disable", "random"),
    "sslcertmode": ("allow", "disable", "require"),
}
"""The values that these parameters may have. Rapport writes, so a standby is of no use."""
_NUMBERS: Final = (
    "connect_timeout", "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval",
    "tcp_user_timeout", "sslsni", "sslcompression",
)  # fmt: skip
_FILES: Final = ("passfile", "sslcert", "sslkey", "sslrootcert", "sslcrl")
_PRIVATE_FILES: Final = ("passfile", "sslkey")
_REFUSED: Final[Mapping[str, str]] = {
    "options": "which Rapport sets itself: leave it out",
    "service": "but Rapport reads no service file: write host, dbname and user out",
    "replication": "which is not for programs like this one: leave it out",
}


def without_driver(address: str) -> str:
    """Return the address as libpq reads it: without the name of a driver."""
    return re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", address, flags=re.IGNORECASE)


def check(address: str) -> None:
    """Raise ValueError for an address that psycopg can't use, or of which it would ignore a part."""
    if "://" in address or "=" not in address:
        parsed = parse_address(address, schemes=_SCHEMES, example=_EXAMPLE, several=True)
        before = {
            "user": parsed.has_credentials,
            "password": parsed.has_credentials,
            "host": parsed.hosts,
            "port": parsed.hosts,
            "dbname": parsed.path.removeprefix("/"),
        }
        for name in parsed.query:
            if before.get(name):
                raise ValueError(f"has the parameter {name}, which belongs before the ?, as in {_EXAMPLE}")
        if parsed.hosts and not parsed.query:
            return
        if not parsed.hosts and not parsed.query.keys() & {"host", "hostaddr"}:
            raise ValueError(f"names no host; it must look like {_EXAMPLE}")
        _check_names(parsed.query)
    elif re.search(r"[\x00-\x1f\x7f]", address):
        raise ValueError("holds a line break or another control character")
    _check_parameters(_read(address))


def _read(address: str) -> Mapping[str, str]:
    """Return the parameters as libpq reads them."""
    from psycopg import ProgrammingError, conninfo  # noqa: PLC0415 -- slow, and few addresses need it

    try:
        found = conninfo.conninfo_to_dict(without_driver(address))
    except ProgrammingError:
        if "://" not in address:
            _check_names(re.findall(r"(?:^|\s)(\w+)\s*=", address))
        raise ValueError(
            f"can't be read; it must look like {_EXAMPLE}, or host=... port=5432 dbname=... user=... "
            "password='...', with \\' and \\\\ for ' and \\ in a value"
        ) from None
    return {name: str(value) for name, value in found.items()}


def _check_names(given: Iterable[str]) -> None:
    from psycopg.pq import Conninfo  # noqa: PLC0415 -- slow, and few addresses need it

    known = [option.keyword.decode() for option in Conninfo.get_defaults()]
    if which := describe_unknown(given, known):
        raise ValueError(f"has {which} Postgres' client does not know; sslmode is one that it knows")


def _check_parameters(given: Mapping[str, str]) -> None:
    for name, why in _REFUSED.items():
        if name in given:
            raise ValueError(f"has the parameter {name}, {why}")
    _check_hosts(given)
    for name, choices in _CHOICES.items():
        if name in given and given[name] not in choices:
            raise ValueError(f"has an unknown {name}, or one of no use here; try {choices[-1]}")
    for name in _NUMBERS:
        if name in given and not re.fullmatch(r"-?[0-9]{1,9}", given[name]):
            raise ValueError(f"has a {name} that isn't a number")
    _check_files(given)


def _check_hosts(given: Mapping[str, str]) -> None:
    if not (given.get("host") or given.get("hostaddr")):
        raise ValueError("names no host; a Unix socket needs its folder, as in host=/var/run/postgresql")
    hosts = (given.get("host") or given["hostaddr"]).split(",")
    ports = given.get("port", "5432").split(",")
    if not all(hosts):
        raise ValueError("has an empty host between commas")
    if any("/" in host and not host.startswith("/") for host in hosts):
        raise ValueError("has a host with a slash; a Unix socket's folder begins with one")
    numbers = [port for port in ports if port]  # an empty one is the usual port
    if not all(port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535 for port in numbers):
        raise ValueError("has a port that isn't a number from 1 to 65535")
    if len(ports) not in {1, len(hosts)}:
        raise ValueError("has another number of ports than of hosts; give one port for all, or one for each")


def _check_files(given: Mapping[str, str]) -> None:
    """Try each file: libpq ignores some that it can't read, and fails only while it connects for others."""
    from_system = given.get("sslrootcert") == "system"
    for name in _FILES:
        path = Path(given.get(name, ""))
        if name not in given or (name == "sslrootcert" and from_system):
            continue
        try:
            with path.open("rb"):
                mode = path.stat().st_mode
        except (OSError, ValueError):
            raise ValueError(f"has a {name} that isn't a readable file") from None
        if name in _PRIVATE_FILES and mode & 0o037:
            raise ValueError(f"has a {name} that others can read, so Postgres' client refuses it: chmod 600")
    mode_name = given.get("sslmode", "")
    if from_system and mode_name not in {"", "verify-full"}:
        raise ValueError("has sslrootcert=system, which needs sslmode=verify-full")
    default = Path("~/.postgresql/root.crt").expanduser()
    if mode_name.startswith("verify-") and "sslrootcert" not in given and not default.exists():
        raise ValueError(
            f"has sslmode={mode_name} without sslrootcert, the file of the authority's certificate, or "
            "sslrootcert=system for the system's authorities"
        )
