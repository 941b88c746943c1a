"""The key of the front door, and how wrong ones are slowed down."""

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
"""So many wrong keys a minute get a plain 401. Somebody who mistypes needs fewer, a guesser more."""
_MINUTE_S = 60.0
_MAX_ADDRESSES = 1000

_CHALLENGE = 'APIKey realm="rapport"'

log = logs.get_logger(__name__)


class KeyCheck:
    """Tells whether a request has the key. The right one is always let in, whoever else guesses."""

    def __init__(self, settings: Settings) -> None:
        self._key = settings.api_key.get_secret_value().encode() if settings.api_key else b""
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def refusal(self, headers: Headers, address: str, *, bearer: bool = False) -> Response | None:
        """Return None for the right key, compared in constant time; else the answer that says why not.

        With `bearer`, it may also come as a bearer token, as scrapers send it.
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
        wait_s = self._slowed(_network_of(address)) if given else 0
        if wait_s:
            detail = "too many wrong keys came from this address; the right one is still let in"
            return problem_response(429, detail, {"Retry-After": str(wait_s)})
        challenge = f'{_CHALLENGE}, Bearer realm="rapport"' if bearer else _CHALLENGE
        return problem_response(
            401, "the X-API-Key header is missing or wrong", {"WWW-Authenticate": challenge}
        )

    def _slowed(self, network: str) -> int:
        """Count a wrong key; return for how many seconds the next is not worth a try. 0: it may come."""
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
    """Return whom `address` belongs to: with IPv6, one customer has 2^64 of them."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address
