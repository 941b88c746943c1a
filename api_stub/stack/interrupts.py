"""Ctrl-C at any moment: heard at once, except where it would tear something in two."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Turns SIGINT, SIGTERM and SIGHUP into KeyboardInterrupt while installed.

    Inside `held()` they wait for its end; after `ignore()` they are not heard any more. Where one is raised
    Python may lose it (in a finaliser, or in a library that catches it), so each further `held()` raises it
    anew. Not installed (or not in the main thread, where Python allows no handlers), everything here does
    nothing.
    """

    def __init__(self) -> None:
        self._former: dict[signal.Signals, Any] = {}
        self._depth = 0
        self._was_heard = False
        self._ignoring = False

    def install(self) -> None:
        """Begin to listen."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in _SIGNALS:
            former = signal.getsignal(number)
            if number is signal.SIGHUP and former is signal.SIG_IGN:
                continue  # nohup: the person wants us to outlive the terminal
            self._former[number] = signal.SIG_DFL if former is None else former
            signal.signal(number, self._heard)

    def ignore(self) -> None:
        """From now on an impatient second Ctrl-C changes nothing: the clean-up goes on to its end."""
        self._ignoring = True

    def restore(self) -> None:
        """Hand the signals back to whoever had them, and be as new."""
        while self._former:
            signal.signal(*self._former.popitem())
        self._ignoring = self._was_heard = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """An interrupt in here is raised at the end: a process that is started is also remembered."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._raise()

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        self._was_heard = True
        self._raise()

    def _raise(self) -> None:
        if self._was_heard and not self._depth and not self._ignoring:
            raise KeyboardInterrupt
