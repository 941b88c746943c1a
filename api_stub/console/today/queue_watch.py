"""Look whether workers take messages, without making a page wait for Redis."""

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTimeError
from threading import Lock
from typing import Final

from worker import clock, queues
from worker.errors import TryAgainError
from worker.queues import QueueSnapshot
from worker.servers.redis_address import RedisAddress

_FRESH_S: Final = 5.0
_PAGE_WAITS_S: Final = 0.3
"""Redis answers within milliseconds, or it is away: then the page says so, and the look goes on behind it."""


class QueueWatch:
    """The last look at the queues of a Redis."""

    def __init__(self, address: RedisAddress) -> None:
        self._address = address
        self._lock = Lock()
        self._looks = ThreadPoolExecutor(1, thread_name_prefix="queue-watch")
        self._look: Future[QueueSnapshot] | None = None
        self._began_s = 0.0

    def find_snapshot(self) -> QueueSnapshot | None:
        """Return the queues as they were seconds ago at most; None if Redis doesn't answer in time."""
        with self._lock:
            now_s = clock.monotonic_seconds()
            if self._look is None or (self._look.done() and now_s - self._began_s > _FRESH_S):
                self._look = self._looks.submit(queues.take_snapshot_at, self._address)
                self._began_s = now_s
            look = self._look
        try:
            return look.result(_PAGE_WAITS_S)
        except (NotInTimeError, TryAgainError):
            return None
