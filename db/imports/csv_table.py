"""CSV files as programs write them: notes before the header, any usual separator, ragged rows."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from db.imports.entries import Entry, Person, RefusedEntry, UnreadableEntryError
from db.imports.text_file import MAX_LINE_CHARS, Line, Lines
from worker.errors import RequestRefusedError
from worker.rules.csv_cells import unescape_formula

_SEPARATORS: Final = (",", ";", "\t")
_MAX_HEADER_LINE: Final = 50
"""LinkedIn's export begins with three lines of notes, some spreadsheets' with `sep=;`."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table: its line (from 1), the separator, and the index of each column name."""

    line: int
    separator: str
    columns: Mapping[str, int]
    width: int


@dataclass(frozen=True, slots=True)
class Row:
    """One row. Column names are lower case, with a space in place of `_`."""

    header: Header
    cells: Sequence[str]

    def __getitem__(self, column: str) -> str:
        """Return the stripped cell, or an empty text if there is no such column.

        Removes the apostrophe that an export puts before a text to keep spreadsheets from evaluating it.
        """
        place = self.header.columns.get(column)
        return "" if place is None else unescape_formula(self.cells[place].strip())

    def first(self, *columns: str) -> str:
        """Return the first non-empty cell of these columns, or an empty text."""
        return next((cell for column in columns if (cell := self[column])), "")


IsHeader = Callable[[frozenset[str]], bool]


def find_header(lines: Iterator[Line], is_header: IsHeader) -> Header | None:
    """Return the first of the first 50 lines that is a header with any known separator, or None."""
    for line in lines:
        if line.number > _MAX_HEADER_LINE:
            return None
        for separator in _SEPARATORS:
            names = _column_names(line.text, separator)
            if is_header(frozenset(names)):
                return Header(line.number, separator, _column_places(names), len(names))
    return None


def read_table(
    lines: Lines, is_header: IsHeader, to_person: Callable[[Row], Person], wanted: str
) -> Iterator[Entry | RefusedEntry]:
    """Read the rows below the header. `wanted` describes the expected header in an error.

    Raises RequestRefusedError if no header is found.
    """
    remaining = iter(lines)
    header = find_header(remaining, is_header)
    if header is None:
        raise RequestRefusedError(
            f"no header was found in the first {_MAX_HEADER_LINE} lines: {wanted}. Is it another format "
            "(--format), or another encoding (--encoding)?"
        )
    cut: list[int] = []
    reader = csv.reader(_line_texts(remaining, cut), delimiter=header.separator)
    while True:
        line = header.line + reader.line_num + 1
        try:
            cells = next(reader)
            if any(cell and not cell.isspace() for cell in cells):
                yield Entry(line, to_person(Row(header, _fit_to_header(cells, header.width, cut))))
        except StopIteration:
            return
        except csv.Error as error:
            yield RefusedEntry(
                line, f"invalid CSV, at the latest on line {header.line + reader.line_num}: {error}"
            )
        except UnreadableEntryError as error:
            yield RefusedEntry(line, str(error))


def _line_texts(lines: Iterator[Line], cut: list[int]) -> Iterator[str]:
    for line in lines:
        if line.cut:
            cut[:] = [line.number]
        yield "-\n" if line.cut else line.text  # a cut line could open a quotation that never closes


def _fit_to_header(cells: list[str], width: int, cut: list[int]) -> list[str]:
    """Return exactly `width` cells. Raises UnreadableEntryError for too few, too many, or a cut line."""
    if cut:
        raise UnreadableEntryError(f"line {cut.pop()} is longer than {MAX_LINE_CHARS} characters")
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    if len(cells) != width:
        raise UnreadableEntryError(f"it has {len(cells)} fields where the header has {width}")
    return cells


def _column_names(text: str, separator: str) -> list[str]:
    try:
        cells = next(csv.reader([text], delimiter=separator), [])
    except csv.Error:
        return []
    return [" ".join(cell.replace("_", " ").casefold().split()) for cell in cells]


def _column_places(names: Sequence[str]) -> dict[str, int]:
    """Return each name's index; of two columns with the same name the first counts."""
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        places.setdefault(name, place)
    return places
