"""Writer of Parquet files, with typed columns."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from db.exports.sheets import ColumnType, Heading
from db.exports.text_formats import WriteBatch, dump_json

_TYPES: Final = {
    ColumnType.TEXT: pa.string(),
    ColumnType.INTEGER: pa.int16(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
    ColumnType.INSTANT: pa.timestamp("us", tz="UTC"),
    ColumnType.JSON: pa.string(),
}


@contextmanager
def open_parquet(target: BinaryIO, columns: Sequence[Heading]) -> Iterator[WriteBatch]:
    """Write Parquet; each batch is a row group."""
    schema = pa.schema([(column.name, _TYPES[column.type]) for column in columns])
    with ParquetWriter(target, schema) as file:

        def write(rows: Sequence[Sequence[Any]]) -> None:
            arrays = [
                pa.array(_column_values(column, values), type=schema.field(column.name).type)
                for column, values in zip(columns, zip(*rows, strict=True), strict=True)
            ]
            file.write_batch(pa.record_batch(arrays, schema=schema))

        yield write


def _column_values(column: Heading, values: Sequence[Any]) -> Sequence[Any]:
    return [dump_json(value) for value in values] if column.type is ColumnType.JSON else values
