"""Lock a network out of a key after wrong secrets for it. Other networks go on using the key.

So a stranger who knows a key's public id can't take the key from its owner, who is elsewhere.
"""

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from typing import Final

from api_stub.throttle import find_network
from worker import logs
from worker.clock import monotonic_seconds

MAX_FAILURES: Final = 10
"""Wrong secrets in a row. Nobody types one: whoever is wrong so often has an old key, or guesses."""
LOCKED_S: Final = 900.0
_MOST_REMEMBERED: Final = 1000

log = logs.get_logger(__name__)


@dataclass(slots=True)
class _Failures:
    count: int
    last_at: float


class Lockout:
    """Counts wrong secrets by public id and network, whether or not there is such a key."""

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()

    def find_wait(self, public_id: str, address: str) -> int:
        """Return for how many seconds more this network is locked out of this key; 0: it is not."""
        found = self._failures.get((public_id, find_network(address)))
        if found is None or found.count < MAX_FAILURES:
            return 0
        return max(0, ceil(found.last_at + LOCKED_S - monotonic_seconds()))

    def count_failure(self, public_id: str, address: str) -> None:
        """Count a wrong secret."""
        place, now = (public_id, find_network(address)), monotonic_seconds()
        before = self._failures.pop(place, None)
        goes_on = before is not None and now - before.last_at < LOCKED_S
        count = before.count + 1 if before is not None and goes_on else 1
        self._failures[place] = _Failures(count, now)
        if len(self._failures) > _MOST_REMEMBERED:
            self._failures.popitem(last=False)
        if count == MAX_FAILURES:
            log.warning("key_locked_out", public_id=public_id, address=place[1])

    def clear(self, public_id: str, address: str) -> None:
        """Forget the wrong secrets of a network: it gave the right one."""
        self._failures.pop((public_id, find_network(address)), None)
