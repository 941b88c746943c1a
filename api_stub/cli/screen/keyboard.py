"""Read single keys of a terminal, and notice when its size changes."""

import os
import select
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Final

RESIZED: Final = "resized"
"""Returned in place of a key when the terminal has another size."""

_LOCAL_MODES: Final = 3
_SPECIAL_CHARACTERS: Final = 6
"""Places in what `termios.tcgetattr` returns."""

_INTERRUPT: Final = "\x03"
_END_OF_INPUT: Final = "\x04"


class Keyboard:
    """The keys of standard input, while `open_keyboard` holds it."""

    def __init__(self, keys: int | None, resizes: int) -> None:
        self._keys = keys
        self._resizes = resizes

    def read_key(self, timeout: timedelta | None = None) -> str | None:
        """Wait for a key and return it in small letters; RESIZED for another size, None after `timeout`.

        Raises KeyboardInterrupt for Ctrl-C, and EOFError for Ctrl-D or if the input has ended.
        """
        sources = [self._resizes] if self._keys is None else [self._keys, self._resizes]
        ready, _, _ = select.select(sources, [], [], timeout.total_seconds() if timeout else None)
        if self._resizes in ready:
            os.read(self._resizes, 4096)  # several changes are one
            return RESIZED
        if not ready:
            return None
        key = os.read(ready[0], 32).decode(errors="replace")  # an arrow key sends several characters
        if key == _INTERRUPT:
            raise KeyboardInterrupt
        if key in {"", _END_OF_INPUT}:
            raise EOFError
        return key.lower()


@contextmanager
def open_keyboard() -> Iterator[Keyboard]:
    """Take single keys from standard input, if that is a terminal. Keys typed before are dropped.

    Only for the main thread, which alone may handle signals.
    """
    keys = sys.stdin.fileno() if sys.stdin.isatty() else None
    resizes, notify = os.pipe()
    os.set_blocking(notify, False)
    before = signal.signal(signal.SIGWINCH, lambda *_: _write_byte(notify))
    modes = None if keys is None else termios.tcgetattr(keys)
    try:
        if keys is not None:
            _take_single_keys(keys)
        yield Keyboard(keys, resizes)
    finally:
        if keys is not None and modes is not None:
            termios.tcsetattr(keys, termios.TCSADRAIN, modes)
        signal.signal(signal.SIGWINCH, before)
        os.close(resizes)
        os.close(notify)


def _take_single_keys(descriptor: int) -> None:
    """Let the terminal pass on each key at once, Ctrl-C too: so it ends a wait, and never half a screen."""
    modes = termios.tcgetattr(descriptor)
    modes[_LOCAL_MODES] &= ~(termios.ECHO | termios.ICANON | termios.ISIG)
    modes[_SPECIAL_CHARACTERS][termios.VMIN] = 1
    modes[_SPECIAL_CHARACTERS][termios.VTIME] = 0
    termios.tcsetattr(descriptor, termios.TCSAFLUSH, modes)


def _write_byte(descriptor: int) -> None:
    with suppress(BlockingIOError):  # full: a resize is waiting already
        os.write(descriptor, b".")
