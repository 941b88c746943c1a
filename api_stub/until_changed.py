"""Remember what takes long to read, until something changes in Postgres."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Generic, TypeVar

from sqlalchemy.orm import Session

from db.engine import Database
from db.store.changes import read_change_token
from worker import clock

_FRESH_S: Final = 20.0
"""What is due or late changes with time alone."""

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Known(Generic[Value]):
    """A value as of a change token, read at `at_s` and of `size`."""

    token: str
    at_s: float
    value: Value
    size: int


@dataclass(slots=True)
class _Slot(Generic[Value]):
    lock: Lock = field(default_factory=Lock)
    known: _Known[Value] | None = None

    @property
    def size(self) -> int:
        return 1 + (self.known.size if self.known else 0)


class UntilChanged(Generic[Key, Value]):
    """Values by key, each used again while nothing changes in Postgres.

    `measure` returns the size of a value; those that were used last are kept, up to `most` in total.
    """

    def __init__(self, measure: Callable[[Value], int], *, most: int) -> None:
        self._measure = measure
        self._most = most
        self._lock = Lock()
        self._slots: OrderedDict[Key, _Slot[Value]] = OrderedDict()

    def read(self, database: Database, key: Key, read: Callable[[Session], Value]) -> Value:
        """Return what `read` returns: as of the last commit, and _FRESH_S old at most.

        `read` must read everything in its session: what was read before may be older than the commit.
        """
        slot = self._find_slot(key)
        # Of those that ask at once, after a commit, one reads. Those that wait hold no connection meanwhile.
        with slot.lock, database.snapshot() as session:
            token, now_s = read_change_token(session), clock.monotonic_seconds()
            known = slot.known
            if known is None or known.token != token or now_s - known.at_s >= _FRESH_S:
                value = read(session)
                slot.known = known = _Known(token, now_s, value, self._measure(value))
                self._make_room()
            return known.value

    def _find_slot(self, key: Key) -> _Slot[Value]:
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            return slot

    def _make_room(self) -> None:
        with self._lock:
            size = sum(slot.size for slot in self._slots.values())
            while size > self._most and len(self._slots) > 1:
                _, oldest = self._slots.popitem(last=False)
                size -= oldest.size
