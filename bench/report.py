"""Print figures: what was measured, against what, and the target."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from rich.console import Console  # noqa: TID251 -- prints only its own figures
from rich.table import Table

HEADINGS = ("what", "measured", "against", "ratio", "to reach")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure."""

    what: str
    measured: str
    against: str
    ratio: str
    target: str


def print_rows(console: Console, rows: Sequence[Row], *, title: str, markdown: bool) -> None:
    """Print the figures as a table, or as Markdown."""
    if markdown:
        lines = [HEADINGS, tuple("---" for _ in HEADINGS), *map(astuple, rows)]
        print("\n".join("| " + " | ".join(line) + " |" for line in lines))
        return
    table = Table(*HEADINGS, title=title)
    for row in rows:
        table.add_row(*astuple(row))
    console.print(table)
