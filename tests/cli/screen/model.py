"""Run a command in a pseudo-terminal of a given size, and model what stands on it with pyte."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pyte
from wcwidth import wcwidth

from tests.cluster import PATIENCE, wait_for

_ALTERNATE = 1049 << 5
"""How pyte numbers the private mode of the second screen."""


class Screen(pyte.Screen):
    """A terminal that measures by the code point. It keeps joiners and selectors, which pyte drops."""

    _first: Any = None

    def draw(self, data: str) -> None:
        for char in data:
            if wcwidth(char) == 0 and self.cursor.x > 0:
                self._append(char)
            else:
                super().draw(char)

    def set_mode(self, *modes: int, **options: Any) -> None:
        super().set_mode(*modes, **options)
        if _ALTERNATE in self.mode and self._first is None:
            self._first = deepcopy((self.buffer, self.cursor))
            self.erase_in_display(2)

    def reset_mode(self, *modes: int, **options: Any) -> None:
        super().reset_mode(*modes, **options)
        if _ALTERNATE not in self.mode and self._first is not None:
            (self.buffer, self.cursor), self._first = self._first, None

    def _append(self, char: str) -> None:
        """Add a character without a width to the one before the cursor."""
        line, place = self.buffer[self.cursor.y], self.cursor.x - 1
        while place and not line[place].data:
            place -= 1  # the second half of a wide character
        line[place] = line[place]._replace(data=line[place].data + char)


class ScreenTerminal:
    """`rapport ...` in a terminal of `columns` and `lines`. `kept` lines are in its memory."""

    def __init__(
        self, arguments: tuple[str, ...], env: Mapping[str, str], columns: int, lines: int, kept: int
    ) -> None:
        self._master, slave = pty.openpty()
        self.screen = Screen(columns, max(kept, lines))
        self._stream = pyte.ByteStream(self.screen)
        self._lock = threading.Lock()
        self.output = b""
        self._set_size(columns, lines)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api_stub.cli", *arguments],
            stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def text(self) -> str:
        """Return what stands on the screen, without blanks at the ends of lines."""
        with self._lock:
            return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def shows(self, *texts: str) -> str:
        """Wait until all of `texts` stand on the screen; return it."""
        wait_for(
            f"a screen with {texts}; there is:\n{self.text()}",
            lambda: all(text in self.text() for text in texts),
        )
        return self.text()

    def press(self, key: str) -> None:
        os.write(self._master, key.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Change the terminal's size, as a window does."""
        with self._lock:
            self.screen.resize(lines, columns)
        self._set_size(columns, lines)
        self.process.send_signal(signal.SIGWINCH)

    def ended(self) -> tuple[int, str]:
        """Wait until the command has ended; return its exit code and the screen."""
        code = self.process.wait(PATIENCE.total_seconds())
        self._reader.join(PATIENCE.total_seconds())
        return code, self.text()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        os.close(self._master)

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _read(self) -> None:
        while chunk := _read_chunk(self._master):
            with self._lock:
                self.output += chunk
                self._stream.feed(chunk)


def _read_chunk(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # Linux says so when the last process of the terminal is gone
        return b""


@contextmanager
def screen_terminal(
    *arguments: str, env: Mapping[str, str], columns: int, lines: int, kept: int = 0
) -> Iterator[ScreenTerminal]:
    opened = ScreenTerminal(arguments, env, columns, lines, kept)
    try:
        yield opened
    finally:
        opened.close()


def without_blanks(text: str) -> str:
    """Return a text without blanks and line ends: what a fold may add or move."""
    return "".join(text.split())
