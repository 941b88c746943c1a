"""A table's birthday: one column, whose other rows tell the order of day and month, or three columns."""

import re
from collections.abc import Sequence
from typing import Final

from db.imports.days.birth_dates import ReadBirthday, depends_on_order, find_order, read_birthday
from db.imports.days.readings import DayOrder
from db.imports.entries import ReadContext
from db.imports.tables.columns import COLUMNS
from db.imports.tables.csv_table import Header, IsHeader, Row, read_cells
from db.imports.text_file import Lines

_NO: Final = frozenset(
    ["no", "false", "0", "n", "nein", "non", "não", "nee", "nie", "нет", "-", "n/a", "none", "null"]
)


_DAY_ALONE: Final = re.compile(r"\d{1,2}")
_MARKS: Final = (
    (re.compile(r"d{1,2}[/. -]m{1,3}"), DayOrder.DAY_FIRST),
    (re.compile(r"m{1,3}[/. -]d{1,2}"), DayOrder.MONTH_FIRST),
)


class BirthdayColumns:
    """Reads the birthdays of one table."""

    def __init__(
        self,
        lines: Lines,
        is_header: IsHeader,
        context: ReadContext,
        columns: Sequence[str] = COLUMNS["birthday"],
    ) -> None:
        self._lines, self._is_header, self._context, self._columns = lines, is_header, context, columns
        self._order: DayOrder | None = None
        self._knows_order = False

    def read(self, row: Row) -> ReadBirthday:
        """Read a row's birthday. The first one whose order matters reads the whole column."""
        text = row.first(*self._columns)
        if not text or _DAY_ALONE.fullmatch(
            text
        ):  # the German Thunderbird's Geburtstag is the day of the month
            text = _join(
                row.first(*COLUMNS["birth_year"]),
                row.first(*COLUMNS["birth_month"]),
                text or row.first(*COLUMNS["birth_day"]),
            )
        if not text:
            return ReadBirthday()
        order = self._find_order(row.header) if depends_on_order(text) else None
        return read_birthday(text, self._context, order)

    def _find_order(self, header: Header) -> DayOrder | None:
        """Return the order that the column's title says, such as dd/mm/yyyy, or that its dates prove."""
        if not self._knows_order:
            titles = [header.titles[place].casefold() for place in header.find(tuple(self._columns))]
            said = {order for title in titles for mark, order in _MARKS if mark.search(title)}
            self._order = said.pop() if len(said) == 1 else self._prove_order()
            self._knows_order = True
        return self._order

    def _prove_order(self) -> DayOrder | None:
        proofs: set[DayOrder] = set()
        for cell in read_cells(self._lines, self._is_header, self._columns):
            if proof := find_order(cell):
                proofs.add(proof)
            if len(proofs) > 1:
                return None
        return proofs.pop() if proofs else None


def has_died(row: Row) -> bool:
    """Return whether a column says that the person has died."""
    return row.first(*COLUMNS["died"]).casefold() not in {"", *_NO}


def _join(year: str, month: str, day: str) -> str:
    """Return three cells as one text; a birthday needs at least month and day."""
    year, month, day = (part if part.strip("0") else "" for part in (year, month, day))
    if month.isdecimal() and day.isdecimal():
        return f"{year or '0000'}-{month}-{day}"
    return " ".join(filter(None, (day, month, year)))
