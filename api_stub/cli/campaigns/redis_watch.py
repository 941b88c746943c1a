"""Notice within seconds that Redis is away, while a command waits for a worker."""

from datetime import timedelta
from typing import Final

from api_stub.stack.errors import NotRunningError
from worker import queues
from worker.clock import monotonic_seconds
from worker.errors import TryAgainError
from worker.servers.redis_address import RedisAddress

_ASK_EVERY: Final = timedelta(seconds=1)
_PATIENCE: Final = timedelta(seconds=8)
"""A Redis that `rapport up` starts again is back sooner."""


class RedisWatch:
    """Asks Redis about every second whether it is there."""

    def __init__(self, address: RedisAddress) -> None:
        self._address = address
        self._asked_s = monotonic_seconds()
        self._answered_s = self._asked_s

    def require(self) -> None:
        """Raise NotRunningError if Redis doesn't answer now."""
        try:
            queues.take_snapshot_at(self._address)
        except TryAgainError as error:
            raise NotRunningError(
                f"{self._describe()}, so nothing was started. If it was restarted, try again in a moment; "
                "`rapport status` shows more"
            ) from error

    def is_away(self) -> bool:
        """Return whether Redis didn't answer when it was last asked.

        Raises NotRunningError if it hasn't answered for several seconds.
        """
        now_s = monotonic_seconds()
        if now_s - self._asked_s < _ASK_EVERY.total_seconds():
            return self._answered_s < self._asked_s
        self._asked_s = now_s
        try:
            queues.take_snapshot_at(self._address)
        except TryAgainError as error:
            if now_s - self._answered_s > _PATIENCE.total_seconds():
                raise NotRunningError(
                    f"{self._describe()}. The campaign was requested and may continue when Redis is back: "
                    "`rapport campaign list`"
                ) from error
            return True
        self._answered_s = now_s
        return False

    def _describe(self) -> str:
        return f"Redis doesn't answer at {self._address}"
