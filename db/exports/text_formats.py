"""Writers of the text formats: CSV and JSON Lines."""

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, BinaryIO, Final, TypeAlias

from db.exports.sheets import ColumnType, Heading
from worker.rules.texts.characters import escape_json_controls
from worker.rules.texts.csv_cells import escape_formula

WriteBatch: TypeAlias = Callable[[Sequence[Sequence[Any]]], None]
"""Writes one batch of rows."""


@contextmanager
def open_csv(target: BinaryIO, columns: Sequence[Heading]) -> Iterator[WriteBatch]:
    """Write CSV (RFC 4180) in UTF-8. Excel needs the byte order mark to recognise UTF-8."""

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
def open_jsonl(target: BinaryIO, columns: Sequence[Heading]) -> Iterator[WriteBatch]:
    """Write one JSON object a line, in UTF-8. Unknown values are null.

    Characters that some readers take for a line end, or that control a terminal, are escaped.
    """
    names = [column.name for column in columns]
    values = [_JSON_FORMATTERS.get(column.type) for column in columns]

    def write(rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            values_out = (
                value if value is None or convert is None else convert(value)
                for convert, value in zip(values, row, strict=True)
            )
            line = json.dumps(dict(zip(names, values_out, strict=True)), ensure_ascii=False)
            target.write(escape_json_controls(line).encode() + b"\n")

    yield write


def _format_instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _format_day(value: date) -> str:
    return value.isoformat()


def dump_json(value: object) -> str:
    """Return a JSON value as text, for a format without objects."""
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
