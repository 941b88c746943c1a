"""docs/performance.md: each bench's table stands between two comments, with when and where it was made."""

import re
from collections.abc import Iterator
from dataclasses import astuple
from datetime import datetime
from pathlib import Path

from bench.report import HEADINGS
from bench.results import Results, Table

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


def fill_page(page: str, results: Results) -> str:
    """Return the page with the tables of `results`; those of other benches stay.

    Raises ValueError if a bench has no place on the page.
    """
    for table in results.tables:
        start, end = f"<!-- bench {table.name} -->\n", "<!-- end -->"
        filled = "\n".join([start, *_table(table), "", _measured(table), "", end])
        page, count = re.subn(f"{start}.*?{end}", filled.replace("\\", r"\\"), page, flags=re.DOTALL)
        if count != 1:
            raise ValueError(
                f"{PAGE.name} must have the place of the bench {table.name} once, not {count} times"
            )
    return page


def _table(table: Table) -> Iterator[str]:
    for cells in (HEADINGS, tuple("---" for _ in HEADINGS), *map(astuple, table.all_rows)):
        yield "| " + " | ".join(cells) + " |"


def _measured(table: Table) -> str:
    at = datetime.fromisoformat(table.at)
    return f"Measured on {at.day} {at:%B %Y} in {table.seconds:.0f} s: {table.machine}."
