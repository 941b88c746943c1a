"""Ctrl-C and termination signals: raised at once, except in blocks that must not be interrupted."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Turns SIGINT, SIGTERM and SIGHUP into KeyboardInterrupt while installed.

    Inside `deferred()` an interrupt is raised at the end of the block; after `ignore()` it is dropped. Python
    may lose an exception that a signal handler raises (in a finaliser, or in a library that catches it), so
    each further `deferred()` raises it again. Outside the main thread, where Python allows no handlers, and
    while not installed, nothing happens.
    """

    def __init__(self) -> None:
        self._previous: dict[signal.Signals, Any] = {}
        self._depth = 0
        self._is_pending = False
        self._ignoring = False

    def install(self) -> None:
        """Install the signal handlers."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in _SIGNALS:
            previous = signal.getsignal(number)
            if number is signal.SIGHUP and previous is signal.SIG_IGN:
                continue  # nohup: this process shall outlive the terminal
            self._previous[number] = signal.SIG_DFL if previous is None else previous
            signal.signal(number, self._on_signal)

    @property
    def is_pending(self) -> bool:
        """Whether an interrupt waits for the end of `deferred()`."""
        return self._is_pending

    def ignore(self) -> None:
        """Drop further interrupts, so that a second Ctrl-C doesn't stop the clean-up."""
        self._ignoring = True

    def restore(self) -> None:
        """Restore the previous signal handlers and the initial state."""
        while self._previous:
            signal.signal(*self._previous.popitem())
        self._ignoring = self._is_pending = False

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Defer interrupts to the end of the block, for example until a started process is recorded."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._raise()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._is_pending = True
        self._raise()

    def _raise(self) -> None:
        if self._is_pending and not self._depth and not self._ignoring:
            raise KeyboardInterrupt
