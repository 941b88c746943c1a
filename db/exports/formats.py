"""How rows are written: CSV for people and their spreadsheets, JSON Lines and Parquet for programs."""

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, BinaryIO, Final, TypeAlias

from db.exports.sheets import Column, ColumnType, Heading, Sheet
from worker.rules.characters import escape_json_controls
from worker.rules.csv_cells import escape_formula

WriteBatch: TypeAlias = Callable[[Sequence[Sequence[Any]]], None]
"""Writes one batch."""


class Format(StrEnum):
    """What a file may be."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"

    def columns(self, sheet: Sheet) -> tuple[Column, ...]:
        """Return the columns that `sheet` has in this format."""
        return sheet.typed_columns if self is Format.PARQUET else sheet.columns

    def writing(self, target: BinaryIO, columns: Sequence[Heading]) -> AbstractContextManager[WriteBatch]:
        """Give what writes batches to `target`, which is whole when the block ends, but not closed."""
        if self is Format.CSV:
            return _open_csv(target, columns)
        if self is Format.JSONL:
            return _open_jsonl(target, columns)
        # Importing Arrow takes a tenth of a second, and no other command needs it.
        from db.exports.parquet import writing  # noqa: PLC0415 -- as the line above says

        return writing(target, columns)


@contextmanager
def _open_csv(target: BinaryIO, columns: Sequence[Heading]) -> Iterator[WriteBatch]:
    """RFC 4180 in UTF-8. The mark at the beginning is for Excel, which else guesses another encoding."""

    def lines(rows: Sequence[Sequence[object]]) -> bytes:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        return text.getvalue().encode()

    target.write(codecs.BOM_UTF8 + lines([[column.name for column in columns]]))
    cells = [_CSV_FORMATTERS[column.type] for column in columns]

    def write(rows: Sequence[Sequence[Any]]) -> None:
        target.write(
            lines(
                [
                    ["" if value is None else cell(value) for cell, value in zip(cells, row, strict=True)]
                    for row in rows
                ]
            )
        )

    yield write


@contextmanager
def _open_jsonl(target: BinaryIO, columns: Sequence[Heading]) -> Iterator[WriteBatch]:
    """One JSON object a line, in UTF-8; what isn't known is null.

    What some readers take for the end of a line, and a terminal for an order, is escaped.
    """
    names = [column.name for column in columns]
    values = [_JSON_FORMATTERS.get(column.type) for column in columns]

    def write(rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            told = (
                value if value is None or convert is None else convert(value)
                for convert, value in zip(values, row, strict=True)
            )
            line = json.dumps(dict(zip(names, told, strict=True)), ensure_ascii=False)
            target.write(escape_json_controls(line).encode() + b"\n")

    yield write


def _format_instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _format_day(value: date) -> str:
    return value.isoformat()


def dump_json(value: object) -> str:
    """Write an object as the text that a format without objects keeps."""
    return json.dumps(value, ensure_ascii=False)


_CSV_FORMATTERS: Final[dict[ColumnType, Callable[[Any], str]]] = {
    ColumnType.TEXT: escape_formula,
    ColumnType.INTEGER: str,
    ColumnType.BOOLEAN: lambda value: "true" if value else "false",
    ColumnType.DATE: _format_day,
    ColumnType.INSTANT: _format_instant,
    ColumnType.JSON: dump_json,
}
_JSON_FORMATTERS: Final[dict[ColumnType, Callable[[Any], str]]] = {
    ColumnType.DATE: _format_day,
    ColumnType.INSTANT: _format_instant,
}
