"""Tables and facts that no terminal and no pipe cuts.

On a terminal, a table whose rows fit has aligned columns. Else each row is its first cell, and below it the
other cells, folded at blanks. Anywhere else, each row is one line with tabs between its cells, however long.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len
from rich.console import Console as RichConsole  # noqa: TID251 -- only its type
from rich.console import ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import StyleType
from rich.text import Text

from api_stub.cli.screen.cells import fold_text, measure_text
from worker.rules.characters import sanitise_text

_SLACK: Final = 2
"""Cells at the right that stay free: a character in the last one may wrap the line."""
_BETWEEN: Final = "  "
_INDENT: Final = "    "
_LINE_END: Final = "⏎"
"""Stands for a line end within a cell where each row is one line."""


class _Cell(NamedTuple):
    text: str
    style: StyleType


class Table:
    """Rows of cells under headings. The columns in `texts` hold messages, each on lines of its own."""

    def __init__(self, *headings: str, texts: Collection[str] = ()) -> None:
        self._headings = headings
        self._texts = texts
        self._rows: list[Sequence[_Cell]] = []

    def add_row(self, *cells: str | Text) -> None:
        """Add a row with a cell for each heading."""
        if len(cells) != len(self._headings):
            raise ValueError(f"{len(cells)} cells for {len(self._headings)} headings")
        self._rows.append([_to_cell(cell) for cell in cells])

    def __rich_console__(self, console: RichConsole, options: ConsoleOptions) -> RenderResult:
        """Render for this terminal, or as whole lines."""
        if not console.is_terminal:
            yield from self._render_whole_lines()
            return
        width = options.max_width - _SLACK
        lines = self._render_aligned() if self._fits(width) else self._render_stacked(width)
        for text, style in lines:
            yield Segment(text, console.get_style(style))

    def _fits(self, width: int) -> bool:
        cells = [cell.text for row in self._rows for cell in row]
        needed = sum(self._measure_columns(measure_text)) + len(_BETWEEN) * (len(self._headings) - 1)
        return needed <= width and not any("\n" in text for text in cells)

    def _measure_columns(self, measure: Callable[[str], int]) -> Sequence[int]:
        return [
            max(measure(heading), *(measure(row[place].text) for row in self._rows), 0)
            for place, heading in enumerate(self._headings)
        ]

    def _render_whole_lines(self) -> Iterator[Segment]:
        for row in (self._headings, *([cell.text for cell in row] for row in self._rows)):
            cells = (cell.replace("\t", " ").replace("\n", _LINE_END) for cell in row)
            yield Segment("\t".join(cells) + "\n")

    def _render_aligned(self) -> Iterator[_Cell]:
        widths = self._measure_columns(cell_len)  # as most terminals do; others shift what follows a little
        for row in (tuple(_Cell(heading, "bold") for heading in self._headings), *self._rows):
            for cell, width in zip(row[:-1], widths[:-1], strict=True):
                yield _Cell(cell.text + " " * (width - cell_len(cell.text)) + _BETWEEN, cell.style)
            yield _Cell(row[-1].text + "\n", row[-1].style)

    def _render_stacked(self, width: int) -> Iterator[_Cell]:
        for row in self._rows:
            for line in fold_text(row[0].text, width):
                yield _Cell(line + "\n", row[0].style or "bold")
            yield from self._render_below(row, width)

    def _render_below(self, row: Sequence[_Cell], width: int) -> Iterator[_Cell]:
        """Yield the cells below a row's first: short ones side by side, long ones alone, messages last."""
        inner = width - len(_INDENT)
        used = 0
        below = list(zip(self._headings[1:], row[1:], strict=True))
        for heading, cell in sorted(below, key=lambda labelled: labelled[0] in self._texts):
            if not cell.text:
                continue
            label = "" if heading in self._texts or not heading else f"{heading} "
            needed = measure_text(label + cell.text)
            alone = heading in self._texts or "\n" in cell.text or needed > inner
            if used and (alone or used + len(_BETWEEN) + needed > inner):
                yield _Cell("\n", "")
                used = 0
            if alone:
                for line in fold_text(label + cell.text, inner):
                    yield _Cell(f"{_INDENT}{line}\n", cell.style)
                continue
            yield _Cell(_BETWEEN if used else _INDENT, "")
            yield _Cell(label, "dim")
            yield cell
            used += needed + (len(_BETWEEN) if used else 0)
        if used:
            yield _Cell("\n", "")


class Facts:
    """Names and values in two columns. A value is folded below itself; a line end in it is kept."""

    def __init__(self, facts: Iterable[tuple[str, str]], *, least_width: int = 9) -> None:
        self._facts = [(sanitise_text(name), _to_cell(value).text) for name, value in facts]
        self._least_width = least_width

    def __rich_console__(self, console: RichConsole, options: ConsoleOptions) -> RenderResult:
        """Render folded on a terminal, and each line whole elsewhere."""
        names = max((measure_text(name) for name, _ in self._facts), default=0)
        indent = " " * (2 + max(self._least_width, names) + 2)
        width = options.max_width - _SLACK - len(indent)
        for name, value in self._facts:
            lines = fold_text(value, width) if console.is_terminal else value.split("\n")
            yield Segment(f"  {name}{' ' * (len(indent) - 2 - measure_text(name))}", console.get_style("dim"))
            yield Segment("\n".join([lines[0], *(f"{indent}{line}" for line in lines[1:])]) + "\n")


def _to_cell(cell: str | Text) -> _Cell:
    text = Text(cell) if isinstance(cell, str) else cell
    return _Cell(sanitise_text(text.plain.replace("\t", " ")), text.style)
