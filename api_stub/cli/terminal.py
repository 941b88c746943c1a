"""The console of every command. Control characters are made visible, so values can't control the terminal.

Names, texts, reasons and errors come from other sources. None of them can send an escape sequence, change the
writing direction, or be taken for markup or an emoji code. A linter rule forbids any other console.
"""

from collections.abc import Iterable
from typing import Any

from rich.console import Console as RichConsole  # noqa: TID251 -- made safe here
from rich.console import ConsoleOptions, RenderableType
from rich.protocol import rich_cast
from rich.segment import Segment
from rich.text import Text

from api_stub.cli.hints import as_typed
from worker.rules.characters import sanitise_text


class Console(RichConsole):
    """A console on standard output or standard error that prints control characters as �."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, highlight=False, emoji=False)

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401 -- Rich's own arguments
        """Print as Rich does. A plain string is one of our texts, so its hints are changed."""
        super().print(*(as_typed(each) if isinstance(each, str) else each for each in objects), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as Rich does, with visible characters. Rich calls this for every nested part."""
        shown = rich_cast(renderable)
        if isinstance(shown, str):
            shown = sanitise_text(shown)
        elif isinstance(shown, Text):
            shown = _visible_text(shown)  # before the layout
        for segment in super().render(shown, options):
            yield segment if segment.control else Segment(sanitise_text(segment.text), segment.style)


def _visible_text(text: Text) -> Text:
    plain = sanitise_text(text.plain)
    if plain == text.plain:
        return text
    shown = text.copy()
    shown.plain = plain  # the length is the same, so the styles stay in place
    return shown
