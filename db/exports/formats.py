"""The registry of export formats."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import BinaryIO

from db.exports.sheets import Column, Heading, Sheet
from db.exports.text_formats import WriteBatch, open_csv, open_jsonl
from worker.errors import RequestRefusedError
from worker.extras import Extra, how_to_install, is_installed


class Format(StrEnum):
    """The format of an export: CSV for people and spreadsheets, JSON Lines and Parquet for programs."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"

    def columns(self, sheet: Sheet) -> tuple[Column, ...]:
        """Return the columns of `sheet` in this format."""
        return sheet.typed_columns if self is Format.PARQUET else sheet.columns

    def open_writer(self, target: BinaryIO, columns: Sequence[Heading]) -> AbstractContextManager[WriteBatch]:
        """Open a writer of batches to `target`, which is complete, but not closed, when the block ends.

        Raises RequestRefusedError if the format needs an extra that is not installed.
        """
        if self is Format.CSV:
            return open_csv(target, columns)
        if self is Format.JSONL:
            return open_jsonl(target, columns)
        if not is_installed(Extra.PARQUET):
            raise RequestRefusedError(
                f"Parquet needs pyarrow, which isn't installed: {how_to_install(Extra.PARQUET)}, "
                "or choose csv or jsonl"
            )
        # Importing Arrow takes a tenth of a second, and no other command needs it.
        from db.exports.parquet import open_parquet  # noqa: PLC0415 -- as the line above says

        return open_parquet(target, columns)
