"""Send a file, see what importing it would do, and import exactly that file.

A run goes on in the background, one at a time in each process, and is known there for an hour. What was
imported is in the list of imports.
"""

from typing import Annotated, Any, Final, Literal

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType, wrong_field
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import Caller, ControlCaller, ReadCaller
from api_stub.http.v1.fields import ShortText
from api_stub.http.v1.models.import_runs import ImportCheckedIn, ImportRunOut, describe_run
from api_stub.imports.jobs import BusyError, Run, RunKind, Runs, Work
from api_stub.imports.kept_files import FileWriter, KeptFile
from api_stub.imports.state import ImportRuns
from api_stub.imports.work import check, import_checked, undo
from db.engine import Database
from tasks.contract import AccountName
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource

router = APIRouter(prefix="/imports", tags=["imports"])

FILE_TYPES: Final = (
    "application/octet-stream",
    "application/zip",
    "text/calendar",
    "text/csv",
    "text/vcard",
)
"""The content types of files. The format is found in the file itself, or named by `format`."""
_BUSY: Final = "another import is running: wait until it has ended"
_RETRY: Final = {"Retry-After": "10"}

RunId = Annotated[
    str,
    Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The run's id.", examples=["q3dWl0nH6rVQe0a1xkVvZw"]),
]


class UploadQuery(BaseModel):
    """What is sent, and whether it is only to be looked at."""

    model_config = ConfigDict(extra="forbid")

    account: AccountName = Field(description="The account that these people belong to.")
    format: Literal["linkedin", "csv", "google", "vcard", "icalendar"] | None = Field(
        None, description="Found in the file if it isn't given."
    )
    encoding: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,40}$")] | None = Field(
        None, description="Such as utf-8 or windows-1252; found in the file if it isn't given."
    )
    file_name: ShortText = Field("file", description="What the list of imports calls it.")
    dry_run: bool = Field(False, description="Only say what would change.")


_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "The file: CSV, vCard or iCalendar, or a ZIP with one. At most 64 MB. It may also be "
        "sent as text/csv, text/vcard, text/calendar or application/zip.",
        "content": {
            FILE_TYPES[0]: {
                "schema": {"type": "string", "format": "binary", "minLength": 1},
                "example": "First Name,Last Name,URL\nZoë,Lindqvist,https://www.linkedin.com/in/zoe-lindqvist/",
            }
        },
    }
}


@router.post(
    "",
    status_code=202,
    openapi_extra=_BODY,
    responses=problems(FaultType.ACCOUNT_UNKNOWN, FaultType.CONFLICT, FaultType.MEDIA_TYPE_UNSUPPORTED),
)
async def import_file(
    request: Request,
    response: Response,
    query: Annotated[UploadQuery, Query()],
    *,
    caller: ControlCaller,
    database: AppDatabase,
    runs: ImportRuns,
) -> ImportRunOut:
    """Import people and birthdays from a file, all of them or none; or with `dry_run`, only look at it.

    The answer comes when the file has arrived; Location is the run, which says how far it has come. A checked
    file is kept for an hour, for importing it.
    """
    given = request.headers.get("content-type", FILE_TYPES[0]).partition(";")[0].strip().lower()
    if given not in FILE_TYPES:
        raise Fault(
            FaultType.MEDIA_TYPE_UNSUPPORTED, f"send the file itself, as one of {', '.join(FILE_TYPES)}"
        )
    await to_thread.run_sync(_require_possible, database, runs, query.account)
    kept = await _receive(request, runs, query.file_name)
    if kept.size == 0:
        kept.discard()
        raise wrong_field("body", "the file is empty")
    kind, work = (RunKind.CHECK, check) if query.dry_run else (RunKind.IMPORT, import_checked(kept.digest))
    try:
        run = _start(
            runs, work, kind, caller, account=query.account, kept=kept,
            source=ImportSource(query.format) if query.format else None, encoding=query.encoding,
        )  # fmt: skip
    except Fault:
        kept.discard()
        raise
    return describe_started(run, request, response)


def _require_possible(database: Database, runs: Runs, account: str) -> None:
    """Raise a Fault before the file is read if it would be in vain."""
    with database.transaction() as session:
        require_account(session, account)
    if runs.find_running() is not None:
        raise Fault(FaultType.CONFLICT, _BUSY, headers=_RETRY)


async def _receive(request: Request, runs: Runs, name: str) -> KeptFile:
    """Return the file that the request sends, the caller's to discard. If this raises, nothing stays."""
    writer = FileWriter(runs.folder)
    try:
        async for chunk in request.stream():
            await to_thread.run_sync(writer.write, chunk)
        return writer.finish(name)
    except OSError as error:
        writer.discard()
        raise RequestRefusedError(f"the file can't be stored here: {error.strerror}") from None
    except BaseException:  # also a client that has gone
        writer.discard()
        raise


def _start(
    runs: Runs,
    work: Work,
    kind: RunKind,
    caller: Caller,
    *,
    account: str,
    kept: KeptFile | None = None,
    import_id: int | None = None,
    source: ImportSource | None = None,
    encoding: str | None = None,
) -> Run:
    """Start a run. Raises Fault `conflict` while another one hasn't ended."""
    try:
        return runs.start(
            work, kind=kind, account=account, by=caller.name, kept=kept, import_id=import_id, source=source,
            encoding=encoding,
        )  # fmt: skip
    except BusyError:
        raise Fault(FaultType.CONFLICT, _BUSY, headers=_RETRY) from None


@router.get("/runs/{run_id}", responses=problems(FaultType.IMPORT_RUN_UNKNOWN))
async def show_import_run(run_id: RunId, _caller: ReadCaller, runs: ImportRuns) -> ImportRunOut:
    """Return how far a check, an import or its undoing has come, then what it did."""
    return describe_run(_require_run(runs, run_id))


@router.post(
    "/runs/{run_id}/import",
    status_code=202,
    responses=problems(FaultType.IMPORT_RUN_UNKNOWN, FaultType.CONFLICT),
)
async def import_checked_file(
    run_id: RunId,
    body: ImportCheckedIn,
    request: Request,
    response: Response,
    *,
    caller: ControlCaller,
    runs: ImportRuns,
) -> ImportRunOut:
    """Import the file that a check read, once: the one whose digest the check showed, or none."""
    checked = _take_checked(runs, run_id)
    if checked.kept is None or checked.kept.digest != body.digest:
        runs.put_back(checked)
        raise wrong_field("body.digest", "this isn't the digest of the file that was checked")
    try:
        run = _start(
            runs, import_checked(body.digest), RunKind.IMPORT, caller, account=checked.account,
            kept=checked.kept, source=checked.source, encoding=checked.encoding,
        )  # fmt: skip
    except Fault:
        runs.put_back(checked)
        raise
    return describe_started(run, request, response)


@router.delete("/runs/{run_id}", status_code=204, responses=problems(FaultType.IMPORT_RUN_UNKNOWN))
def discard_checked_file(run_id: RunId, _caller: ControlCaller, runs: ImportRuns) -> None:
    """Delete the file that a check read."""
    checked = _take_checked(runs, run_id)
    if checked.kept is not None:
        checked.kept.discard()


def start_undo(runs: Runs, caller: Caller, *, account: str, import_id: int) -> Run:
    """Undo an import in the background. Raises Fault `conflict` while another run hasn't ended."""
    return _start(runs, undo(import_id), RunKind.UNDO, caller, account=account, import_id=import_id)


def describe_started(run: Run, request: Request, response: Response) -> ImportRunOut:
    """Return what is said about a run that was started, and name its address in the response."""
    root = request.scope.get("root_path", "")
    response.headers["Location"] = f"{root}/v1/imports/runs/{run.id}"
    return describe_run(run)


def _require_run(runs: Runs, run_id: str) -> Run:
    run = runs.find(run_id)
    if run is None:
        raise Fault(
            FaultType.IMPORT_RUN_UNKNOWN,
            "there is no such run here; what was imported is in the list of imports",
        )
    return run


def _take_checked(runs: Runs, run_id: str) -> Run:
    """Return a check that is done, with its file, which is the caller's then."""
    run = _require_run(runs, run_id)
    checked = runs.take_checked(run_id)
    if checked is None:
        raise Fault(
            FaultType.CONFLICT, f"this {run.kind} is {run.state}; only a check that is done has a file"
        )
    return checked
