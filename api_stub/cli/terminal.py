"""The terminal of every command. What is printed there is shown and never obeyed.

Names, texts, reasons and errors come from elsewhere. A value can neither steer the terminal, nor turn the
direction of a line, nor be taken for markup or an emoji's code. A linter lets no command make a console of
its own.
"""

from collections.abc import Iterable

from rich.console import Console as RichConsole  # noqa: TID251 -- made safe here
from rich.console import ConsoleOptions, RenderableType
from rich.protocol import rich_cast
from rich.segment import Segment
from rich.text import Text

from worker.rules.characters import sanitise_text


class Console(RichConsole):
    """A console on standard output or standard error that shows characters instead of obeying them."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, highlight=False, emoji=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as Rich does, whatever is inside of what: each part comes by here."""
        shown = rich_cast(renderable)
        if isinstance(shown, str):
            shown = sanitise_text(shown)
        elif isinstance(shown, Text):
            shown = _visible_text(shown)  # before it is laid out
        for segment in super().render(shown, options):
            yield segment if segment.control else Segment(sanitise_text(segment.text), segment.style)


def _visible_text(text: Text) -> Text:
    plain = sanitise_text(text.plain)
    if plain == text.plain:
        return text
    shown = text.copy()
    shown.plain = plain  # as long as before, so styles stay where they are
    return shown
