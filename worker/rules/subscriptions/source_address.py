"""Which addresses of address books and calendars may be opened, and in which networks servers may be."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from worker.errors import RequestRefusedError

_MAX_URL_CHARS: Final = 2_000
_SCHEMES: Final = {"https": "https", "http": "http", "webcal": "https", "webcals": "https"}
_HOST: Final = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")
_PORTS: Final = {"https": 443, "http": 80}
_KEPT_IN_PATHS: Final = "/?&=%:@!$'()*+,;~"
_OWN_NETWORKS: Final = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
"""RFC 1918, RFC 6598 (also Tailscale's) and RFC 4193. Link-local addresses are never allowed."""
_NAT64: Final = IPv6Network("64:ff9b::/96")


class Reach(StrEnum):
    """The networks in which a source's server may be."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    OWN_NETWORK = "own_network"


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """The address of an address book or a calendar. `target` is its path and query."""

    scheme: str
    host: str
    port: int
    target: str
    reach: Reach

    @property
    def origin(self) -> str:
        """Scheme, host and port: what may be shown, because path and query may hold a secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.origin}{self.target}"

    def resolve(self, reference: str) -> "SourceAddress":
        """Return what a reference on this page means. Raises RequestRefusedError if it may not be opened.

        A server behind a proxy that encrypts may name itself with http and another port; it means itself.
        """
        try:
            whole = urljoin(self.url, reference.strip())
        except ValueError:
            raise RequestRefusedError("it leads to an invalid address") from None
        joined = parse_source(whole, self.reach, allow_http=True)
        is_behind_proxy = (self.scheme, joined.scheme) == ("https", "http")
        if joined.host == self.host and (joined.port == self.port or is_behind_proxy):
            return replace(self, target=joined.target)
        if joined.scheme != "https":
            raise RequestRefusedError("it leads to an address that is not encrypted (http)")
        return joined


def choose_reach(url: str, *, own_network: bool) -> Reach:
    """Return in which networks the server of a user's address may be."""
    host = (_split(url)[1] or "").lower()
    if host == "localhost" or host.endswith(".localhost") or _is_loopback(host):
        return Reach.LOOPBACK
    return Reach.OWN_NETWORK if own_network else Reach.PUBLIC


def parse_source(url: str, reach: Reach, *, allow_http: bool = False) -> SourceAddress:
    """Parse an address. Raises RequestRefusedError that says what is wrong and never quotes the address.

    http is allowed for loopback and for one's own network only, unless `allow_http`.
    """
    scheme, host, port, target = _split(url)
    if scheme not in _SCHEMES or not host:
        raise RequestRefusedError("the address must look like https://cloud.example.org/dav")
    scheme = _SCHEMES[scheme]
    if scheme == "http" and reach is Reach.PUBLIC and not allow_http:
        raise RequestRefusedError(
            "the address is not encrypted (http), so anybody on the way could read it: use https. For a "
            "server in your own network, add --own-network"
        )
    return SourceAddress(scheme, _check_host(host), port or _PORTS[scheme], target, reach)


def is_allowed(address: str, reach: Reach, *, encrypted: bool) -> bool:
    """Return whether a connection to this IP address is allowed.

    In one's own network, an unencrypted connection to a public address is not: it would leave the network.
    """
    try:
        ip = _unwrap(ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if reach is Reach.LOOPBACK:
        return ip.is_loopback
    own = any(ip.version == network.version and ip in network for network in _OWN_NETWORKS)
    public = ip.is_global and not (own or ip.is_multicast or ip.is_reserved)
    return own or (public and encrypted) if reach is Reach.OWN_NETWORK else public


def _unwrap(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address inside an IPv6 one (mapped, 6to4, NAT64), which is where packets would go."""
    if isinstance(ip, IPv4Address):
        return ip
    inner = ip.ipv4_mapped or ip.sixtofour
    return inner or (IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else ip)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _split(url: str) -> tuple[str, str, int | None, str]:
    """Return scheme, host, port and target. Raises RequestRefusedError."""
    if len(url) > _MAX_URL_CHARS or re.search(r"[\s\x00-\x20\x7f\\]", url):
        raise RequestRefusedError(
            f"the address is longer than {_MAX_URL_CHARS} characters, or has a space or a backslash in it"
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise RequestRefusedError("the address has an invalid host or port") from None
    if "@" in parts.netloc:
        raise RequestRefusedError(
            "the address has a user name or a password in it, where logs would show it: leave it out, and "
            "give --user; the password is asked for"
        )
    target = quote(f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", safe=_KEPT_IN_PATHS)
    return parts.scheme.lower(), host, port, target


def _check_host(host: str) -> str:
    """Return the host as it is sent: an IP address, or a name in ASCII. Raises RequestRefusedError."""
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        name = host.encode("idna").decode().lower()
    except UnicodeError:
        name = ""
    if not _HOST.fullmatch(name.removesuffix(".")):
        raise RequestRefusedError("the address has an invalid host")
    return name
