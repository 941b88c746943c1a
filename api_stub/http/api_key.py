"""The API key check, with throttling of wrong keys."""

import secrets
from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from starlette.datastructures import Headers
from starlette.responses import Response

from api_stub.http.problems import problem_response
from worker import clock, logs
from worker.settings import Settings

MAX_WRONG_KEYS = 30
"""Wrong keys in a minute that get 401; further ones get 429. A typing error needs fewer, guessing more."""
_MINUTE_S = 60.0
_MAX_ADDRESSES = 1000

_CHALLENGE = 'APIKey realm="rapport"'

log = logs.get_logger(__name__)


class KeyCheck:
    """Checks the key of a request. The right key is always accepted, also from a throttled address."""

    def __init__(self, settings: Settings) -> None:
        self._key = settings.api_key.get_secret_value().encode() if settings.api_key else b""
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, headers: Headers, address: str, *, bearer: bool = False) -> Response | None:
        """Return None for the right key, compared in constant time, else the error response.

        With `bearer`, the key may also be a bearer token, as Prometheus sends it.
        """
        if not self._key:
            log.warning("not_possible_now", error="no API key is set")
            return problem_response(503, "no API key is set: set RAPPORT_API_KEY")
        given = headers.get("X-API-Key")
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if bearer and scheme.lower() == "bearer":
            given = token.strip()
        if given is not None and secrets.compare_digest(given.encode("latin-1"), self._key):
            return None
        wait_s = self._throttle(_network_of(address)) if given else 0
        if wait_s:
            detail = "too many wrong keys came from this address; the right one is still accepted"
            return problem_response(429, detail, {"Retry-After": str(wait_s)})
        challenge = f'{_CHALLENGE}, Bearer realm="rapport"' if bearer else _CHALLENGE
        return problem_response(
            401, "the X-API-Key header is missing or wrong", {"WWW-Authenticate": challenge}
        )

    def _throttle(self, network: str) -> int:
        """Count a wrong key; return the seconds to wait before the next one, 0 for none."""
        now = clock.monotonic_seconds()
        times = self._wrong.pop(network, deque(maxlen=MAX_WRONG_KEYS))
        self._wrong[network] = times
        if len(self._wrong) > _MAX_ADDRESSES:
            self._wrong.popitem(last=False)
        slowed = len(times) == MAX_WRONG_KEYS and now - times[0] < _MINUTE_S
        times.append(now)
        if slowed:
            log.warning("wrong_keys", address=network)
        return max(1, ceil(times[0] + _MINUTE_S - now)) if slowed else 0


def _network_of(address: str) -> str:
    """Return the network of an address: with IPv6 a /64, because one customer has all of it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address
