"""Bodies of the routes for runs of imports."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from api_stub.imports.jobs import Run, RunKind, RunState
from api_stub.imports.work import CheckedFile
from api_stub.responses.imports import ImportReportOut
from db.imports.samples import Became
from db.store.imports.runs import UndoReport
from tasks.contract import AccountName
from worker.rules.model import ImportSource


class SampleOut(BaseModel):
    """One entry, as an example of what an import would do."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {"became": "new", "line": 2, "name": "Zoë Lindqvist", "born": "--12-03", "company": "Volvo"}
            ]
        },
    )

    became: Became
    line: int
    name: str
    born: str = Field(description="As 1980-03-14 or --03-14; empty if the entry has no birthday.")
    company: str


class CheckedOut(BaseModel):
    """What an import of the file would do. Nothing has changed yet."""

    source: ImportSource
    encoding: str = Field(examples=["utf-8"])
    digest: str = Field(
        description="The file's SHA-256, which importing it names.",
        examples=["9f86d081884c7d65" * 4],
    )
    report: ImportReportOut
    samples: list[SampleOut] = Field(description="The first entries of each outcome.")


class UndoneOut(BaseModel):
    """What undoing an import did."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "contacts": 12, "restored": 3, "interactions": 0, "exclusions": 0, "kept": 1,
                    "paused": None,
                }
            ]
        },
    )  # fmt: skip

    contacts: int = Field(description="People who were removed.")
    restored: int = Field(description="People who are as before.")
    interactions: int
    exclusions: int
    kept: int = Field(description="People who stay: something was planned for or sent to them, or a hold.")
    paused: int | None = Field(description="The subscription that would bring it back.")


class ImportRunOut(BaseModel):
    """One run. It has `checked`, `import_id` or `undone` when it is done, by its kind."""

    id: str = Field(examples=["q3dWl0nH6rVQe0a1xkVvZw"])
    kind: RunKind
    state: RunState = Field(description="Refused or failed: nothing was changed.")
    account: AccountName = Field(examples=["ann"])
    by: str = Field(examples=["crm"])
    began_at: datetime = Field(examples=["2026-11-29T09:00:00Z"])
    ended_at: datetime | None = Field(examples=["2026-11-29T09:00:02Z"])
    read: int = Field(description="Bytes of the file that were read so far.", examples=[40960])
    size: int = Field(description="Bytes of the file.", examples=[40960])
    refusal: str = Field(description="Why nothing was changed; else empty.", examples=[""])
    checked: CheckedOut | None
    import_id: int | None = Field(examples=[4])
    undone: UndoneOut | None


class ImportCheckedIn(BaseModel):
    """Which file is imported."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"digest": "9f86d081884c7d65" * 4}]}
    )

    digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="`checked.digest` of the run.")


def describe_run(run: Run) -> ImportRunOut:
    """Return what is said about a run."""
    result = run.result
    return ImportRunOut(
        id=run.id,
        kind=run.kind,
        state=run.state,
        account=run.account,
        by=run.by,
        began_at=run.began_at,
        ended_at=run.ended_at,
        read=run.read,
        size=run.size,
        refusal=run.refusal,
        checked=_describe_check(run, result) if isinstance(result, CheckedFile) else None,
        import_id=run.import_id if run.state is RunState.DONE else None,
        undone=UndoneOut.model_validate(result) if isinstance(result, UndoReport) else None,
    )


def _describe_check(run: Run, found: CheckedFile) -> CheckedOut:
    return CheckedOut(
        source=found.source,
        encoding=found.encoding,
        digest=run.kept.digest if run.kept else "",
        report=ImportReportOut.model_validate(found.report.as_json()),
        samples=[SampleOut.model_validate(sample) for sample in found.samples],
    )
