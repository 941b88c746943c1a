"""Parse server addresses strictly: an address that libraries could read differently is refused.

The ValueError of a refusal never quotes the address: any part of it may belong to a password.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import unquote, unquote_plus

_HOST: Final = r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """The parts of an address. `user`, `password` and `query` are decoded; `path` begins with a slash.

    `hosts` has each host with its port, or is empty if the address names none.
    """

    scheme: str
    user: str
    password: str = field(repr=False)
    hosts: tuple[tuple[str, int | None], ...]
    path: str
    query: Mapping[str, str] = field(repr=False)
    has_credentials: bool


def parse_address(
    url: str, *, schemes: Collection[str], example: str, several: bool = False
) -> ServerAddress:
    """Return the parts of an address with one of these schemes. Raises ValueError if it is invalid.

    With `several` it may have more than one host, separated by commas.
    """
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ValueError("holds a space or a line break; in a password, percent-encode it")
    if "%00" in url:  # libpq would take it for the end of the text
        raise ValueError("holds an encoded zero byte, %00")
    scheme, found, rest = url.partition("://")
    if not found or scheme.lower() not in schemes:
        raise ValueError(f"must look like {example}")
    before_query, _, query = rest.partition("?")
    authority, slash, path = before_query.partition("/")
    if authority.count("@") > 1 or "@" in path + query or "#" in rest:
        raise ValueError(
            "has @, /, ? or # where they aren't allowed; in a password, percent-encode them: "
            "%40, %2F, %3F, %23"
        )
    if re.search(r"%(?![0-9A-Fa-f]{2})", rest):
        raise ValueError("has a % that encodes nothing; in a password, percent-encode it: %25")
    credentials, at, server = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    servers = server.split(",") if several else [server]
    return ServerAddress(
        scheme=scheme.lower(),
        user=unquote(user),
        password=unquote(password),
        hosts=tuple(_host_and_port(each) for each in servers) if server else (),
        path=slash + path,
        query=_parameters(query),
        has_credentials=bool(at),
    )


def describe_unknown(given: Iterable[str], known: Collection[str]) -> str | None:
    """Return which parameters are not `known`, by name if that can't be a secret; None if all are known."""
    unknown = sorted(set(given) - set(known))
    # A password that was not encoded can end up here. A plain word before an equals sign is not one.
    names = [name for name in unknown if re.fullmatch(r"[a-zA-Z_]{1,40}", name)]
    if not unknown:
        return None
    return f"the parameter {', '.join(names)}, which" if names else "a parameter that"


def check_parameters(given: Iterable[str], known: Collection[str]) -> None:
    """Raise ValueError, with the names of those that are known, for a parameter that is not."""
    if which := describe_unknown(given, known):
        raise ValueError(
            f"has {which} is not known; it may have these parameters only: {', '.join(sorted(known))}"
        )


def check_site_url(url: str) -> None:
    """Raise ValueError unless this is the address of a web server, without a password."""
    example = "http://host:8080"
    address = parse_address(url, schemes=("http", "https"), example=example)
    if not address.hosts or address.has_credentials:
        raise ValueError(f"must look like {example}, without a password")


def check_public_url(url: str) -> None:
    """Raise ValueError unless this is an address that people may open: encrypted, or on this machine."""
    example = "https://rapport.example.org"
    address = parse_address(url, schemes=("http", "https"), example=example)
    if len(address.hosts) != 1 or address.has_credentials or address.query or "?" in url:
        raise ValueError(f"must look like {example}, without a password or parameters")
    if address.scheme != "https" and not is_loopback(address.hosts[0][0]):
        raise ValueError("must begin with https://, unless it is an address of this machine")


def check_hosts(hosts: str) -> None:
    """Raise ValueError unless these are host names or addresses, by commas, without ports and wildcards."""
    for given in hosts.split(","):
        host = given.strip()
        if not (re.fullmatch(_HOST, host) or _is_ipv6(host.removeprefix("[").removesuffix("]"))):
            raise ValueError("must hold host names or addresses without ports, as rapport.example.org,api")


def check_networks(networks: str) -> None:
    """Raise ValueError unless these are IP addresses or networks, by commas, and none is of all addresses."""
    for given in networks.split(","):
        try:
            network = ip_network(given.strip())
        except ValueError:
            raise ValueError("must hold IP addresses or networks, as 127.0.0.1,10.0.0.0/8") from None
        if network.prefixlen == 0:
            raise ValueError("names every address: then any client could choose its own")


def is_loopback(host: str) -> bool:
    """Return whether a host, without its port and without brackets, always is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _host_and_port(server: str) -> tuple[str, int | None]:
    matched = re.fullmatch(rf"(?:\[(.*)\]|({_HOST})|)(?::(.*))?", server)
    if matched is None or (matched[1] is not None and not _is_ipv6(matched[1])):
        raise ValueError("has a host that is neither one name nor one IP address (IPv6 in brackets)")
    if not (matched[1] or matched[2]):
        raise ValueError("names no host before a port or a comma")
    port = matched[3]
    if port is not None and not (re.fullmatch(r"[0-9]{1,5}", port) and 1 <= int(port) <= 65535):
        raise ValueError("has a port that isn't a number from 1 to 65535")
    return matched[1] or matched[2], None if port is None else int(port)


def _is_ipv6(text: str) -> bool:
    try:
        return IPv6Address(text).scope_id is None
    except ValueError:
        return False


def _parameters(query: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in query.split("&")] if query else []
    found = {unquote_plus(name): unquote_plus(value) for name, _, value in pairs}
    if "" in found or "" in found.values():
        raise ValueError("has a parameter without a name or a value")
    if len(found) < len(pairs):
        raise ValueError("has a parameter twice")
    return found
