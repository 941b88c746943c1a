"""Imports and their reports, as HTTP shows them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from db.store.imports.runs import ImportRecord
from worker.rules.model import ImportSource


class LineOut(BaseModel):
    """A line of the file, and why it, or a value of it, was left out."""

    model_config = ConfigDict(from_attributes=True)

    line: int
    reason: str


class ImportReportOut(BaseModel):
    """What an import of a file did, in entries of the file. Lists have the first 100."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "read": 420, "new": 12, "changed": 3, "same": 400, "repeated": 1, "doubts": 2, "asked": 0,
                    "maybe_same": 0, "died": 0, "differing": 0, "gone": 0, "forgotten": 1, "refused": 1,
                    "lost": 0, "skipped": {}, "unused": {"Notes": 4},
                    "refusals": [{"line": 7, "reason": "no name"}], "losses": [], "differing_lines": [],
                    "gone_names": [],
                }
            ]
        }
    )  # fmt: skip

    read: int
    new: int = 0
    changed: int = 0
    same: int = 0
    repeated: int = Field(0, description="Further entries of the same people.")
    doubts: int = Field(0, description="Birthdays that wait until somebody says whose they are.")
    asked: int = Field(0, description="Birthdays that wait until somebody says which day is right.")
    maybe_same: int = Field(0, description="People who may be one with another contact.")
    died: int = Field(0, description="People who have died, and are never contacted.")
    differing: int = Field(0, description="Birthdays that differ from the stored ones, which stay.")
    gone: int = Field(0, description="People who are no longer in a subscribed source; they stay.")
    forgotten: int = Field(0, description="Skipped: people who asked to be forgotten.")
    refused: int = 0
    lost: int = Field(0, description="Values that were left out.")
    skipped: dict[str, int] = Field({}, description="By what they are.")
    unused: dict[str, int] = Field({}, description="The number of values of each column that was not used.")
    refusals: list[LineOut] = []
    losses: list[LineOut] = []
    differing_lines: list[int] = []
    gone_names: list[str] = []


class TableReportOut(BaseModel):
    """What an import of V1's file did with the rows of one table."""

    read: int
    new: int
    changed: int
    same: int
    refused: int
    why: dict[str, int] = Field(description="The number of rows by reason.")


class ImportOut(BaseModel):
    """One import. It has `report`, or `tables` if it was of V1's file; neither while it runs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 4, "account": "ann", "source": "linkedin", "file_name": "Connections.csv",
                    "started_by": "crm", "started_at": "2026-11-29T09:00:00Z",
                    "finished_at": "2026-11-29T09:00:02Z", "undone_at": None,
                    "report": {"read": 420, "new": 12, "changed": 3, "same": 405}, "tables": None,
                }
            ]
        }
    )  # fmt: skip

    id: int
    account: str
    source: ImportSource
    file_name: str
    started_by: str
    started_at: datetime
    finished_at: datetime | None
    undone_at: datetime | None
    report: ImportReportOut | None
    tables: dict[str, TableReportOut] | None


def build_import(record: ImportRecord) -> ImportOut:
    """Build the answer about an import. Earlier versions of Rapport stored fewer counts, which are 0 then."""
    report: dict[str, Any] = dict(record.report)
    is_by_table = record.source is ImportSource.V1
    return ImportOut(
        id=record.id,
        account=record.account,
        source=record.source,
        file_name=record.file_name,
        started_by=record.started_by,
        started_at=record.started_at,
        finished_at=record.finished_at,
        undone_at=record.undone_at,
        report=ImportReportOut.model_validate(report) if report and not is_by_table else None,
        tables={name: TableReportOut.model_validate(each) for name, each in report.items()}
        if report and is_by_table
        else None,
    )
