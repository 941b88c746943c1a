"""Tables and facts that no terminal and no pipe cuts.

On a terminal, a table whose rows fit has aligned columns. Else each row is its first cell, and below it the
other cells, folded at blanks. Anywhere else, each row is one line with tabs between its cells, however long.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console as RichConsole  # noqa: TID251 -- only its type
from rich.console import ConsoleOptions, RenderResult
from rich.text import Text

from api_stub.cli.screen.cells import fold_text, measure_text
from worker.rules.texts.characters import sanitise_text

_SLACK: Final = 2
"""Cells at the right that stay free: a character in the last one may wrap the line."""
_BETWEEN: Final = "  "
_INDENT: Final = "    "
_LINE_END: Final = "⏎"
"""Stands for a line end within a cell where each row is one line."""


class Table:
    """Rows of cells under headings. The columns in `texts` hold messages, each on lines of its own."""

    def __init__(self, *headings: str, texts: Collection[str] = (), folds_last: bool = False) -> None:
        self._headings = headings
        self._texts = texts
        self._folds_last = folds_last
        self._rows: list[Sequence[Text]] = []

    def add_row(self, *cells: str | Text) -> None:
        """Add a row with a cell for each heading."""
        if len(cells) != len(self._headings):
            raise ValueError(f"{len(cells)} cells for {len(self._headings)} headings")
        self._rows.append([_to_visible(cell) for cell in cells])

    def __rich_console__(self, console: RichConsole, options: ConsoleOptions) -> RenderResult:
        """Render for this terminal, or as whole lines."""
        width = options.max_width - _SLACK
        lines = self._render_fitting(width) if console.is_terminal else self._render_whole_lines()
        for line in lines:
            yield from line.render(console, end="\n")

    def _render_fitting(self, width: int) -> Iterator[Text]:
        if self._fits(width):
            return self._render_aligned()
        left = width - sum(len(_BETWEEN) + each for each in self._measure_columns(measure_text)[:-1])
        return (
            self._render_aligned(left)
            if self._folds_last and 2 * left >= width
            else self._render_stacked(width)
        )

    def _fits(self, width: int) -> bool:
        needed = sum(self._measure_columns(measure_text)) + len(_BETWEEN) * (len(self._headings) - 1)
        return needed <= width and not any("\n" in cell.plain for row in self._rows for cell in row)

    def _measure_columns(self, measure: Callable[[str], int]) -> Sequence[int]:
        return [
            max(measure(heading), *(measure(row[place].plain) for row in self._rows), 0)
            for place, heading in enumerate(self._headings)
        ]

    def _render_whole_lines(self) -> Iterator[Text]:
        for row in (self._headings, *([cell.plain for cell in row] for row in self._rows)):
            yield Text("\t".join(cell.replace("\n", _LINE_END) for cell in row))

    def _render_aligned(self, last_width: int | None = None) -> Iterator[Text]:
        """Yield the rows in columns; with `last_width`, the last cell is folded to it."""
        widths = self._measure_columns(cell_len)  # as most terminals do; others shift what follows a little
        indent = " " * sum(width + len(_BETWEEN) for width in widths[:-1])
        for row in ([Text(heading, "bold") for heading in self._headings], *self._rows):
            line = Text()
            for cell, width in zip(row[:-1], widths[:-1], strict=True):
                line.append_text(cell).append(" " * (width - cell_len(cell.plain)) + _BETWEEN)
            first, *others = [row[-1]] if last_width is None else _fold(row[-1], last_width)
            yield line.append_text(first)
            yield from (Text(indent).append_text(other) for other in others)

    def _render_stacked(self, width: int) -> Iterator[Text]:
        for row in self._rows:
            for line in _fold(row[0], width):
                line.style = line.style or "bold"
                yield Text().append_text(line)
            yield from self._render_below(row, width - len(_INDENT))

    def _render_below(self, row: Sequence[Text], width: int) -> Iterator[Text]:
        """Yield the cells below a row's first: short ones side by side, long ones alone, messages last."""
        line = Text()
        below = list(zip(self._headings[1:], row[1:], strict=True))
        for heading, cell in sorted(below, key=lambda labelled: labelled[0] in self._texts):
            if not cell.plain:
                continue
            is_message = heading in self._texts
            label = Text("" if is_message or not heading else f"{heading} ", "dim")
            part = Text().append_text(label).append_text(cell)
            alone = is_message or "\n" in cell.plain or measure_text(part.plain) > width
            together = Text(_BETWEEN if line else "").append_text(part)
            if not alone and measure_text(line.plain + together.plain) <= width:
                line.append_text(together)
                continue
            if line:
                yield Text(_INDENT).append_text(line)
            line = Text() if alone else part
            if alone:
                yield from (Text(_INDENT).append_text(folded) for folded in _fold(part, width))
        if line:
            yield Text(_INDENT).append_text(line)


class Lines:
    """Indented lines, whose ends are folded with more indentation."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = [_to_visible(line) for line in lines]

    def __rich_console__(self, console: RichConsole, options: ConsoleOptions) -> RenderResult:
        """Render folded on a terminal, and each line whole elsewhere."""
        width = options.max_width - _SLACK - len(_INDENT)
        for line in self._lines:
            parts = _fold(line, width) if console.is_terminal else iter([line])
            yield from Text(_BETWEEN).append_text(next(parts)).render(console, end="\n")
            for part in parts:
                yield from Text(_INDENT).append_text(part).render(console, end="\n")


class Facts:
    """Names and values in two columns. A value is folded below itself; a line end in it is kept."""

    def __init__(self, facts: Iterable[tuple[str, str]], *, least_width: int = 9) -> None:
        self._facts = [(sanitise_text(name), _to_visible(value)) for name, value in facts]
        self._least_width = least_width

    def __rich_console__(self, console: RichConsole, options: ConsoleOptions) -> RenderResult:
        """Render folded on a terminal, and each line whole elsewhere."""
        names = max((measure_text(name) for name, _ in self._facts), default=0)
        indent = " " * (2 + max(self._least_width, names) + 2)
        width = options.max_width - _SLACK - len(indent)
        for name, value in self._facts:
            lines = _fold(value, width) if console.is_terminal else value.split("\n", allow_blank=True)
            label = Text(f"  {name}{' ' * (len(indent) - 2 - measure_text(name))}", "dim")
            for line in lines:
                yield from Text().append_text(label).append_text(line).render(console, end="\n")
                label = Text(indent)


def _fold(text: Text, width: int) -> Iterator[Text]:
    """Fold a text as `fold_text` does, with its styles."""
    start = 0
    for line in fold_text(text.plain, width):
        part = text[start : start + len(line)]
        part.style = text.style
        yield part
        start += len(line)
        start += text.plain[start : start + 1] == "\n"


def _to_visible(cell: str | Text) -> Text:
    text = Text(cell) if isinstance(cell, str) else cell.copy()
    text.plain = sanitise_text(text.plain.replace("\t", " "))
    return text
