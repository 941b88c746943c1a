"""A screen that is drawn again and again, on the terminal's second screen.

Each part of a row is written at its own place and never wraps. So however wide the terminal makes a
character, nothing else moves. What stood on the terminal before is there again at the end.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, TypeAlias

from rich.text import Text

from api_stub.cli.screen.keyboard import Keyboard, open_keyboard
from api_stub.cli.terminal import Console

_OPEN: Final = "\x1b[?1049h\x1b[?25l\x1b[?7l"
"""The second screen, without a cursor and without wrapping."""
_CLOSE: Final = "\x1b[?7h\x1b[?25h\x1b[?1049l"
_BEGIN: Final = "\x1b[?2026h"
"""What follows is shown at once, where the terminal can do that."""
_END: Final = "\x1b[?2026l"


Row: TypeAlias = Sequence[tuple[int, Text]]
"""The parts of a row, each with the column that it begins at, counted from 0."""


class LiveScreen:
    """Draws whole screens and reads keys."""

    def __init__(self, console: Console, keyboard: Keyboard) -> None:
        self._console = console
        self._keyboard = keyboard

    @property
    def size(self) -> tuple[int, int]:
        """The columns and rows of the terminal now."""
        return self._console.width, self._console.height

    def draw(self, rows: Sequence[Row]) -> None:
        """Draw these rows from the top, and nothing below them. Rows that the terminal lacks are left out."""
        height = self._console.height
        drawn = [
            f"\x1b[{place};1H\x1b[K" + "".join(self._render(place, *part) for part in row)
            for place, row in enumerate(rows[:height], start=1)
        ]
        below = f"\x1b[{len(drawn) + 1};1H\x1b[J" if len(drawn) < height else ""
        self._write("".join((_BEGIN, *drawn, below, _END)))

    def read_key(self, timeout: timedelta) -> str | None:
        """Wait for a key, as `Keyboard.read_key` does."""
        return self._keyboard.read_key(timeout)

    def _render(self, place: int, column: int, text: Text) -> str:
        with self._console.capture() as captured:
            self._console.print(text, end="", soft_wrap=True)
        return f"\x1b[{place};{column + 1}H{captured.get()}"

    def _write(self, output: str) -> None:
        self._console.file.write(output)
        self._console.file.flush()


@contextmanager
def open_live_screen(console: Console) -> Iterator[LiveScreen]:
    """Switch the terminal to its second screen; switches back on exit, whatever happens."""
    with open_keyboard() as keyboard:
        console.file.write(_OPEN)
        console.file.flush()
        try:
            yield LiveScreen(console, keyboard)
        finally:
            console.file.write(_CLOSE)
            console.file.flush()
