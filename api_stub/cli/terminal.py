"""The console of every command. Control characters are made visible, so values can't control the terminal.

Names, texts, reasons and errors come from other sources. None of them can send an escape sequence, change the
writing direction, or be taken for markup or an emoji code. A linter rule forbids any other console.
"""

import os
import sys
from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console as RichConsole  # noqa: TID251 -- made safe here
from rich.console import ConsoleOptions, RenderableType
from rich.protocol import rich_cast
from rich.segment import Segment
from rich.text import Text

from api_stub.cli.hints import as_typed
from api_stub.cli.screen.cells import fold_hints
from worker.rules.texts.characters import sanitise_text

_NO_LIMIT = 1_000_000
"""Columns of what is no terminal: nothing is folded there."""


class Console(RichConsole):
    """A console on standard output or standard error that prints control characters as �.

    What is no terminal gets whole lines without colour, whatever COLUMNS or FORCE_COLOR say. A terminal's own
    size comes before COLUMNS and LINES, which don't change with it.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        stream = sys.stderr if stderr else sys.stdout
        terminal = stream.isatty()
        super().__init__(
            stderr=stderr,
            markup=False,
            highlight=False,
            emoji=False,
            force_terminal=terminal,
            width=None if terminal else _NO_LIMIT,
        )
        if terminal and _knows_its_size(stream):
            self._width = self._height = None
            self._environ = {
                name: value for name, value in self._environ.items() if name not in {"COLUMNS", "LINES"}
            }

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401 -- Rich's own arguments
        """Print as Rich does. A plain string is one of our texts, so its hints are changed.

        With `soft_wrap`, a plain string is folded at blanks on a terminal, and stays whole elsewhere.
        """
        folds = bool(options.get("soft_wrap"))
        super().print(*(self._prepare(each, folds=folds) for each in objects), **options)

    def _prepare(self, shown: Any, *, folds: bool) -> Any:  # noqa: ANN401 -- whatever Rich prints
        if not isinstance(shown, str):
            return shown
        text = as_typed(shown)
        return self.fold(text) if folds else text

    def fold(self, text: str) -> str:
        """Return a text with line ends where a terminal would break it inside a word or a hint."""
        if not self.is_terminal:
            return text
        return "\n".join(line.rstrip(" ") for line in fold_hints(text, self.width - 1))

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as Rich does, with visible characters. Rich calls this for every nested part."""
        shown = rich_cast(renderable)
        if isinstance(shown, str):
            shown = sanitise_text(shown)
        elif isinstance(shown, Text):
            shown = _visible_text(shown)  # before the layout
        for segment in super().render(shown, options):
            yield segment if segment.control else Segment(sanitise_text(segment.text), segment.style)


def _knows_its_size(stream: IO[str]) -> bool:
    try:
        return os.get_terminal_size(stream.fileno()).columns > 0
    except OSError:
        return False


def _visible_text(text: Text) -> Text:
    plain = sanitise_text(text.plain)
    if plain == text.plain:
        return text
    shown = text.copy()
    shown.plain = plain  # the length is the same, so the styles stay in place
    return shown
