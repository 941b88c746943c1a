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
from collections.abc import Sequence
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.cells import cell_len
from rich.console import Console  # noqa: TID251 -- it draws the picture
from rich.style import Style

COLUMNS, LINES = 116, 48
HERE = Path(__file__).parent
_LIVE = re.compile(r"\x1b\[\?1049h(.*?)\x1b\[\?1049l", re.DOTALL)
"""What was drawn on the terminal's second screen."""
_FRAME = re.compile(r"\x1b\[\?2026h(.*?)\x1b\[\?2026l", re.DOTALL)
_PART = re.compile(r"\x1b\[(\d+);(\d+)H((?:(?!\x1b\[\d+;\d+H).)*)", re.DOTALL)
"""A part of a row, with its row and column."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_OTHER = re.compile(r"\x1b\[\??[0-9;]*[A-Za-ln-z]|\r")
_CELL = re.compile(r" {2,}|(?:(?! {2,}).)+")
_FONTS = (
    "ui-monospace, Menlo, 'DejaVu Sans Mono', 'Noto Sans Mono', 'Noto Sans Mono CJK SC', 'Noto Sans CJK SC', "
    "'PingFang SC', 'Hiragino Sans', 'Microsoft YaHei', 'Noto Sans CJK KR', 'Apple SD Gothic Neo', "
    "'Malgun Gothic', 'Noto Sans Thai', 'Thonburi', 'Leelawadee UI', 'Noto Sans Devanagari', "
    "'Kohinoor Devanagari', 'Nirmala UI', 'Noto Sans Arabic', 'Geeza Pro', 'Noto Sans Hebrew', "
    "'Arial Hebrew', 'Segoe UI', 'Noto Color Emoji', 'Apple Color Emoji', 'Segoe UI Emoji', monospace"
)
"""A font for each script of the demo's names, on Linux, macOS and Windows."""


def run_demo(data: Path) -> str:
    """Run `rapport demo` on a terminal of its own; return its output. Raises SystemExit if it fails."""
    terminal, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    command = [
        "env", "-u", "COLUMNS", "-u", "LINES", "-u", "NO_COLOR", "TERM=xterm-256color",
        sys.executable, "-P", "-m", "api_stub.cli", "demo", "--data", str(data),
    ]  # fmt: skip
    demo = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    output = b""
    while chunk := _read(terminal):
        output += chunk
    if demo.wait():
        raise SystemExit(f"the demo failed:\n{output.decode()}")
    return output.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the last process of the terminal is gone
        return b""


def choose_moment(output: str) -> list[str]:
    """Return the middle one of the screens on which somebody was being written to and others were done."""
    frames = [_draw_frame(frame) for live in _LIVE.findall(output) for frame in _FRAME.findall(live)]
    busy = [lines for lines in frames if {"acting", "done"} <= _words(lines)]
    busy = busy or [lines for lines in frames if "done" in _words(lines)]
    return busy[len(busy) // 2]


def _draw_frame(frame: str) -> list[str]:
    """Return the lines of one screen, from parts that are each drawn at their own place."""
    lines: dict[int, str] = {}
    for part in _PART.finditer(frame):
        row, column = int(part[1]), int(part[2])
        line = lines.get(row, "")
        missing = column - 1 - cell_len(_COLOUR.sub("", line))
        lines[row] = line + " " * missing + _OTHER.sub("", part[3])
    return [lines.get(row, "") for row in range(1, max(lines) + 1)]


def last_lines(output: str) -> list[str]:
    """Return what is left on the terminal at the end."""
    return _OTHER.sub("", _LIVE.sub("", output)).split("\n")


def _words(lines: Sequence[str]) -> set[str]:
    return set(re.findall(r"[a-z]+", _COLOUR.sub(" ", "\n".join(lines))))


def draw(lines: Sequence[str], target: Path) -> None:
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
    svg = svg.replace("Fira Code, monospace", _FONTS)
    svg = re.sub(r' textLength="[^"]*"', "", svg)  # it counts characters, and squeezes wide ones
    target.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")


def main() -> None:
    """Run the demo once, and draw it."""
    data = Path(tempfile.gettempdir()) / "rapport-demo"
    data.mkdir(mode=0o700)
    try:
        output = run_demo(data)
    finally:
        shutil.rmtree(data, ignore_errors=True)
    draw(choose_moment(output), HERE / "demo-live.svg")
    draw(last_lines(output), HERE / "demo.svg")


if __name__ == "__main__":
    main()
