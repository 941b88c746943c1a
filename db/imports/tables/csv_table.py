"""CSV files as programs write them: notes before the header, any usual separator, ragged rows."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from db.imports.entries import AnyEntry, Entry, Person, ReadContext, RefusedEntry, UnreadableEntryError
from db.imports.text_file import MAX_LINE_CHARS, Line, Lines
from worker.errors import RequestRefusedError
from worker.rules.texts.csv_cells import unescape_formula

_SEPARATORS: Final = (",", ";", "\t")
_MAX_HEADER_LINE: Final = 50
"""LinkedIn's export begins with three lines of notes, some spreadsheets' with `sep=;`."""
_NUMBER: Final = re.compile(r" ?\b\d{1,2}\b|(?<=[^\W\d])\d{1,2}$")
_ADDRESS: Final = re.compile(r"\S+/(?:in|pub)/\S+", re.IGNORECASE)
_MAX_ADDRESS_CHARS: Final = 4_000
_OUTLOOK_NO_DATE: Final = "0/0/00"
_LABEL: Final = re.compile(r"- (?:label|type)$", re.IGNORECASE)
"""Google's columns that only say what the next one holds."""
_MEMBER: Final = re.compile(
    r"(?:urn:li:fsd?_\w*[pP]rofile:)?(AC[a-z]A(?:A[A-Za-z0-9_-]{8,}|[A-Za-z0-9_-]{35}))"
)
"""A member id, as it is or in a URN."""
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_OF_SOMEBODY_ELSE: Final = re.compile(
    r"refer|manager|assistant|spouse|partner|relation|introduc|boss|owner|recruiter|company|organi[sz]ation|note"
)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table: its line (from 1), the separator, and the titles of its columns as written.

    `columns` has the index of each name, in lower case and with a space in place of `_`; `numbered` the
    indices of the columns that are the same but for a number, such as `web page 1` and `web page 2`. `used`
    are the indices that were asked for.
    """

    line: int
    separator: str
    titles: Sequence[str]
    columns: Mapping[str, int]
    numbered: Mapping[str, Sequence[int]]
    used: set[int] = field(default_factory=set)
    _found: dict[tuple[str, ...], Sequence[int]] = field(default_factory=dict)
    _found_numbered: dict[tuple[str, ...], Sequence[int]] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.titles)

    def find(self, columns: tuple[str, ...]) -> Sequence[int]:
        """Return the indices of these columns, in the order given, and note that they are used."""
        if columns not in self._found:
            self._found[columns] = [self.columns[column] for column in columns if column in self.columns]
            self.used.update(self._found[columns])
        return self._found[columns]

    def find_numbered(self, columns: tuple[str, ...]) -> Sequence[int]:
        """Return the indices of these columns, numbered or not, and note that they are used."""
        if columns not in self._found_numbered:
            places = sorted({place for column in columns for place in self.numbered.get(column, ())})
            self._found_numbered[columns] = places
            self.used.update(places)
        return self._found_numbered[columns]


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
        if place is None:
            return ""
        self.header.used.add(place)
        return self._clean(place)

    def peek(self, column: str) -> str:
        """Return the stripped cell without counting its column as used."""
        place = self.header.columns.get(column)
        return "" if place is None else self.cells[place].strip()

    def first(self, *columns: str) -> str:
        """Return the first non-empty cell of these columns, or an empty text."""
        return next((cell for place in self.header.find(columns) if (cell := self._clean(place))), "")

    def every(self, *columns: str) -> list[str]:
        """Return the non-empty cells of these columns and of their numbered ones, in their order."""
        return [cell for place in self.header.find_numbered(columns) if (cell := self._clean(place))]

    def _clean(self, place: int) -> str:
        return unescape_formula(self.cells[place].strip())

    def find_addresses(self) -> list[str]:
        """Return the profile addresses in columns of any title, unless it names somebody else's.

        A member id counts as one, and is returned as a URN.
        """
        found = []
        for place, cell in enumerate(self.cells):
            value = cell.strip() if len(cell) <= _MAX_ADDRESS_CHARS else ""
            member = _MEMBER.fullmatch(value) if "AC" in value else None
            is_address = member is not None or ("/" in value and _ADDRESS.fullmatch(value))
            if is_address and not _OF_SOMEBODY_ELSE.search(self._label(place)):
                self.header.used.add(place)
                found.append(f"urn:li:fsd_profile:{member[1]}" if member else value)
        return found

    def _label(self, place: int) -> str:
        """Return a column's title, and this row's label if Google's pair of label and value is meant."""
        titles = self.header.titles
        title = titles[place].casefold()
        if place and title.endswith("value") and titles[place - 1].casefold().endswith(("label", "type")):
            return f"{title} {self.cells[place - 1].casefold()}"
        return title


IsHeader = Callable[[frozenset[str]], bool]
ToEntry = Callable[[int, list[str]], AnyEntry]
"""Reads the cells of a row, of which there are as many as titles. Raises UnreadableEntryError."""


def find_header(lines: Iterator[Line], is_header: IsHeader) -> Header | None:
    """Return the first of the first 50 lines that is a header with any known separator, or None."""
    for line in lines:
        if line.number > _MAX_HEADER_LINE:
            return None
        for separator in _SEPARATORS:
            titles = _split(line.text, separator)
            names = [to_column_name(title) for title in titles]
            if is_header(frozenset([*names, *map(_without_remark, names)])):
                return Header(line.number, separator, titles, _find_places(names), _group_numbered(names))
    return None


def read_table(
    lines: Lines, is_header: IsHeader, to_person: Callable[[Row], Person], wanted: str, context: ReadContext
) -> Iterator[AnyEntry]:
    """Read the rows below the header as people, as `read_entries` does."""

    def read_rows(header: Header) -> ToEntry:
        return lambda line, cells: Entry(line, to_person(Row(header, cells)))

    return read_entries(lines, is_header, read_rows, wanted, context)


def read_entries(
    lines: Lines,
    is_header: IsHeader,
    read_rows: Callable[[Header], ToEntry],
    wanted: str,
    context: ReadContext,
) -> Iterator[AnyEntry]:
    """Read the rows below the header. `wanted` describes the expected header in an error.

    The values of columns that were not asked for are counted in `context.unused`. Raises RequestRefusedError
    if no header is found.
    """
    header = find_header(iter(lines), is_header)
    if header is None:
        raise RequestRefusedError(
            f"no header was found in the first {_MAX_HEADER_LINE} lines: {wanted}. Is it another format "
            "(--format), or another encoding (--encoding)?"
        )
    to_entry = read_rows(header)
    filled: Counter[int] = Counter()
    for line, cells in _read_rows(lines, header):
        if isinstance(cells, str):
            yield RefusedEntry(line, cells)
            continue
        try:
            yield to_entry(line, cells)
        except UnreadableEntryError as error:
            yield RefusedEntry(line, str(error))
        if len(header.used) < header.width:
            filled.update(
                place
                for place, cell in enumerate(cells)
                if place not in header.used and cell and not cell.isspace() and cell != _OUTLOOK_NO_DATE
            )
    for place, count in filled.items():
        if place not in header.used and not _LABEL.search(header.titles[place]):
            context.unused[_UNSTORABLE.sub("?", " ".join(header.titles[place].split()))] += count


def read_cells(lines: Lines, is_header: IsHeader, columns: Sequence[str]) -> Iterator[str]:
    """Yield the cells of these columns, row by row; nothing if there is no header."""
    header = find_header(iter(lines), is_header)
    if header is not None:
        for _, cells in _read_rows(lines, header):
            if not isinstance(cells, str):
                yield Row(header, cells).first(*columns)


def to_column_name(title: str) -> str:
    """Return a title in lower case, with single spaces and a space in place of `_`."""
    return " ".join(title.replace("_", " ").casefold().split())


def _without_remark(name: str) -> str:
    """Return a name without what it says in brackets: `birthday (dd/mm/yyyy)` is `birthday`."""
    return name.partition(" (")[0]


def strip_numbers(column: str) -> str:
    """Return a column's name without its number: `e-mail 2 address` is `e-mail address`."""
    return _NUMBER.sub("", column).strip()


def _read_rows(lines: Lines, header: Header) -> Iterator[tuple[int, list[str] | str]]:
    """Yield the line and the cells of each row that is not empty, or why it can't be read."""
    cut: list[int] = []
    texts = lines.list_texts(header.line, cut)
    reader = csv.reader(texts, delimiter=header.separator)
    while True:
        line = header.line + reader.line_num + 1
        try:
            cells = next(reader)
            if "".join(cells).strip():
                yield line, _fit_to_header(cells, header.width, cut)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, f"invalid CSV, at the latest on line {header.line + reader.line_num}: {error}"


def _fit_to_header(cells: list[str], width: int, cut: list[int]) -> list[str] | str:
    """Return exactly `width` cells, or why there are too few or too many, or that a line was cut."""
    if cut:
        return f"line {cut.pop()} is longer than {MAX_LINE_CHARS} characters"
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    if len(cells) != width:
        return f"it has {len(cells)} fields where the header has {width}"
    return cells


def _split(text: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=separator), [])
    except csv.Error:
        return []


def _find_places(names: Sequence[str]) -> dict[str, int]:
    """Return each name's index; of two columns with the same name the first counts."""
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        places.setdefault(name, place)
    for place, name in enumerate(names):
        places.setdefault(_without_remark(name), place)
    return places


def _group_numbered(names: Sequence[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        groups.setdefault(strip_numbers(name), []).append(place)
    return groups
