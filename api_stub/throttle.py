"""Count wrong guesses by the network that they come from."""

from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from worker import clock, logs

_MINUTE_S = 60.0
_MAX_NETWORKS = 1000

log = logs.get_logger(__name__)


class Throttle:
    """Allows `most` wrong guesses in a minute from one network."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, address: str, *, event: str) -> int:
        """Count a wrong guess; return the seconds to wait, 0 for none. If there are some, log `event`."""
        network = find_network(address)
        now = clock.monotonic_seconds()
        times = self._wrong.pop(network, deque(maxlen=self._most))
        self._wrong[network] = times
        if len(self._wrong) > _MAX_NETWORKS:
            self._wrong.popitem(last=False)
        slowed = len(times) == self._most and now - times[0] < _MINUTE_S
        times.append(now)
        if slowed:
            log.warning(event, address=network)
        return max(1, ceil(times[0] + _MINUTE_S - now)) if slowed else 0


def find_network(address: str) -> str:
    """Return the network of an address: with IPv6 a /64, because one customer has all of it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address
