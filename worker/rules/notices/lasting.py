"""For how long conditions have lasted, as one process sees them."""

from collections.abc import Collection, Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Lasting(Generic[T]):
    """Tells which conditions have lasted for a while, so that a restart or a short fault is not told.

    Times are those of a monotonic clock, in seconds, which stands still while the machine sleeps.
    """

    def __init__(self, *, after_s: float) -> None:
        self._after_s = after_s
        self._since: dict[T, float] = {}

    def update(self, present: Collection[T], now_s: float) -> list[T]:
        """Note which conditions there are now; return those that have lasted for `after_s` or longer."""
        self._since = {each: self._since.get(each, now_s) for each in present}
        return [each for each, since in self._since.items() if now_s - since >= self._after_s]
