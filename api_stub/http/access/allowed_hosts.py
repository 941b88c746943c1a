"""Refuse a request for another host: such a name may be a page's trick to read us in a person's browser."""

import re
from collections.abc import Collection
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from api_stub.http.faults import FaultType
from api_stub.http.limits.request_limits import RequestRejected
from api_stub.http.problems import problem_response
from worker.servers.server_address import is_loopback
from worker.settings import Settings

_HOST: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]*))(?::[0-9]*)?")


class AllowedHosts:
    """Compares the Host header with RAPPORT_ALLOWED_HOSTS.

    If that is unset, with the host of RAPPORT_PUBLIC_URL; then addresses and names without a dot are allowed
    too: no public name leads to them, and proxies and other containers use them. If both are unset, any host
    is allowed. This machine's own names always are.
    """

    def __init__(self, settings: Settings) -> None:
        self._is_listed = settings.allowed_hosts is not None
        listed = (settings.allowed_hosts or "").split(",")
        public = urlsplit(settings.public_url or "").hostname
        self._names: Collection[str] = (
            frozenset(each.strip().lower().strip("[]") for each in listed)
            if self._is_listed
            else frozenset({public.lower()} if public else ())
        )

    def check(self, scope: Scope) -> None:
        """Raise RequestRejected, 421, if the request is for another host."""
        host = _read_host(Headers(scope=scope).get("host", ""))
        if not self._names or host in self._names or is_loopback(host):
            return
        if not self._is_listed and host and ("." not in host or _is_address(host)):
            return
        raise RequestRejected(
            problem_response(
                421,
                "this server isn't called so: use its public address, or have its operator add this host to "
                "RAPPORT_ALLOWED_HOSTS",
                kind=FaultType.HOST_UNKNOWN,
            )
        )


def _read_host(given: str) -> str:
    """Return the name in a Host header, without its port and a dot at its end; "" if it is none."""
    found = _HOST.fullmatch(given.strip().lower())
    return (found[1] or found[2]).removesuffix(".") if found else ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
