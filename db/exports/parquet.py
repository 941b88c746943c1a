"""Parquet: typed columns, each batch a row group."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from db.exports.formats import Write, json_text
from db.exports.sheets import Heading, Type

_TYPES: Final = {
    Type.TEXT: pa.string(),
    Type.INTEGER: pa.int16(),
    Type.BOOLEAN: pa.bool_(),
    Type.DATE: pa.date32(),
    Type.INSTANT: pa.timestamp("us", tz="UTC"),
    Type.JSON: pa.string(),
}


@contextmanager
def writing(target: BinaryIO, columns: Sequence[Heading]) -> Iterator[Write]:
    """As Format.writing."""
    schema = pa.schema([(column.name, _TYPES[column.type]) for column in columns])
    with ParquetWriter(target, schema) as file:

        def write(rows: Sequence[Sequence[Any]]) -> None:
            arrays = [
                pa.array(_told(column, values), type=schema.field(column.name).type)
                for column, values in zip(columns, zip(*rows, strict=True), strict=True)
            ]
            file.write_batch(pa.record_batch(arrays, schema=schema))

        yield write


def _told(column: Heading, values: Sequence[Any]) -> Sequence[Any]:
    return [json_text(value) for value in values] if column.type is Type.JSON else values
