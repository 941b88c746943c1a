"""Runs the real demo in a terminal of a fixed size and draws what stood on it.

`.venv/bin/python docs/make_demo_picture.py` writes docs/demo-live.svg (in the middle of the run) and
docs/demo.svg (what is left on the screen at the end). Nothing in them is made up: to change them, run it.
"""

import fcntl
import io
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.console import Console  # noqa: TID251 -- it draws the picture
from rich.style import Style

COLUMNS, LINES = 116, 48
HERE = Path(__file__).parent
_TOKEN = re.compile(r"\x1b\[\??([0-9;]*)([A-Za-z])|\r|\n|[^\x1b\r\n]+")
_CELL = re.compile(r"[│┃]| {2,}|(?:(?! {2,}|[│┃]).)+")


class Screen:
    """As much of a terminal as Rich's live display needs: lines, a cursor that moves up, erased lines."""

    def __init__(self) -> None:
        self.lines = [""]
        self.moments: list[list[str]] = []
        self._row = 0
        self._at_start = False
        self._rising = False

    def feed(self, output: str) -> None:
        """Show `output`. A full picture is kept as a moment whenever the cursor is about to go up."""
        for token in _TOKEN.finditer(output):
            text, command = token.group(), token.group(2)
            if command == "A":
                if not self._rising:
                    self.moments.append([*self.lines])
                self._rising = True
                self._row -= int(token.group(1) or 1)
            elif command == "K":
                self.lines[self._row] = ""
            elif text == "\r":
                self._at_start = True
            elif text == "\n":
                self._down()
            elif command in {None, "m"}:
                self._write(text)

    def _down(self) -> None:
        self._rising = self._at_start = False
        self._row += 1
        if self._row == len(self.lines):
            self.lines.append("")

    def _write(self, text: str) -> None:
        self.lines[self._row] = text if self._at_start else self.lines[self._row] + text
        self._rising = self._at_start = False


def run_demo(data: Path) -> Screen:
    """Run `rapport demo` on a terminal of its own; return what that showed. Raises SystemExit if it fails."""
    terminal, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    command = [
        "env", "-u", "COLUMNS", "-u", "LINES", "-u", "NO_COLOR", "TERM=xterm-256color",
        sys.executable, "-P", "-m", "api_stub.cli", "demo", "--data", str(data),
    ]  # fmt: skip
    demo = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    screen = Screen()
    output = b""
    while chunk := _read(terminal):
        output += chunk
    screen.feed(output.decode())
    if demo.wait():
        raise SystemExit(f"the demo failed:\n{output.decode()}")
    return screen


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the last process of the terminal is gone
        return b""


def midway(screen: Screen) -> list[str]:
    """Return the middle one of the moments at which somebody was being written to and others were done."""
    busy = [lines for lines in screen.moments if {"acting", "done"} <= _words(lines)]
    busy = busy or [lines for lines in screen.moments if "done" in _words(lines)]
    return busy[len(busy) // 2]


def _words(lines: list[str]) -> set[str]:
    return set(re.findall(r"[a-z]+", re.sub(r"\x1b\[[0-9;]*m", " ", "\n".join(lines))))


def draw(lines: list[str], target: Path) -> None:
    """Write these lines as an SVG that fetches nothing from anywhere."""
    console = Console(
        record=True, file=io.StringIO(), width=COLUMNS, force_terminal=True, color_system="truecolor"
    )
    decoder = AnsiDecoder()
    for line in "\n".join(lines).rstrip().split("\n"):
        text = decoder.decode_line(line)
        # Neighbours of one style become one run, and a run with letters wider or narrower than a cell, or
        # written from right to left, would move all that follows. A mark keeps the table's cells apart.
        for number, cell in enumerate(_CELL.finditer(text.plain)):
            text.stylize(Style(meta={"cell": number}), *cell.span())
        console.print(text, no_wrap=True, overflow="crop", highlight=False)
    svg = console.export_svg(title="rapport demo", unique_id=target.stem)
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code, monospace", "ui-monospace, Menlo, 'DejaVu Sans Mono', monospace")
    target.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")


def main() -> None:
    """Run the demo once, and draw it."""
    data = Path(tempfile.gettempdir()) / "rapport-demo"
    data.mkdir(mode=0o700)
    try:
        screen = run_demo(data)
    finally:
        shutil.rmtree(data, ignore_errors=True)
    draw(midway(screen), HERE / "demo-live.svg")
    draw(screen.lines, HERE / "demo.svg")


if __name__ == "__main__":
    main()
