"""What a run of benches printed: kept as JSON, so that a later run can be compared with it."""

from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bench.report import HEADINGS, Row


class Table(BaseModel):
    """The rows that one bench printed, when (ISO 8601, UTC), on what machine, and in how many seconds."""

    model_config = ConfigDict(frozen=True)

    name: str
    at: str
    machine: str
    seconds: float
    rows: tuple[tuple[str, str, str, str, str], ...]

    @property
    def all_rows(self) -> Sequence[Row]:
        """The rows as they were printed."""
        return [Row(*cells) for cells in self.rows]


class Results(BaseModel):
    """The latest table of each bench."""

    model_config = ConfigDict(frozen=True)

    tables: tuple[Table, ...]


def read_markdown(printed: str) -> Sequence[Row]:
    """Return the rows of the table in a bench's Markdown; raise ValueError if there is none."""
    rows = [
        Row(*cells)
        for line in printed.splitlines()
        if line.startswith("| ")
        and len(cells := [cell.strip() for cell in line.strip().strip("|").split(" | ")]) == len(fields(Row))
    ]
    if not rows or astuple(rows[0]) != HEADINGS:
        raise ValueError("it printed no table")
    return rows[2:]


def read_results(file: Path) -> Results:
    """Read what a run kept; raise ValueError if the file is none."""
    try:
        return Results.model_validate_json(file.read_text())
    except (OSError, ValidationError) as error:
        raise ValueError(f"{file} can't be read as results of benches: {error}") from error
