"""Imports: the list, one with its report, and undoing one."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType
from api_stub.http.lookups import check_account_filter
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ControlCaller, ReadCaller
from api_stub.http.v1.imports.runs import describe_started, start_undo
from api_stub.http.v1.models.import_runs import ImportRunOut
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.imports.state import ImportRuns
from api_stub.responses.imports import ImportOut, build_import
from db.store.imports import runs as store
from db.store.imports.runs import ImportRecord
from tasks.contract import AccountName

router = APIRouter(prefix="/imports", tags=["imports"])

ImportId = Annotated[int, Path(ge=1, lt=2**63, description="The import's id.", examples=[17])]


class ImportQuery(PageQuery):
    """Which imports."""

    account: AccountName | None = Field(None, description="Only this account's.")


@router.get("", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_imports(
    request: Request, query: Annotated[ImportQuery, Query()], _caller: ReadCaller, database: AppDatabase
) -> Page[ImportOut]:
    """Return imports, newest first, with their reports."""
    before = read_position(request, query, int)
    with database.snapshot() as session:
        check_account_filter(session, query.account)
        found = store.list_imports(session, account=query.account, limit=query.fetch_limit, before=before)
    return build_page(request, query, found, build_import, position=lambda each: each.id)


@router.get("/{import_id}", responses=problems(FaultType.IMPORT_UNKNOWN))
def show_import(import_id: ImportId, _caller: ReadCaller, database: AppDatabase) -> ImportOut:
    """Return an import with its report."""
    with database.snapshot() as session:
        return build_import(_require_import(session, import_id))


@router.post(
    "/{import_id}/undo", status_code=202, responses=problems(FaultType.IMPORT_UNKNOWN, FaultType.CONFLICT)
)
def undo_import(
    import_id: ImportId,
    request: Request,
    response: Response,
    *,
    caller: ControlCaller,
    database: AppDatabase,
    runs: ImportRuns,
) -> ImportRunOut:
    """Remove what an import added, and restore what it changed, in the background.

    Added people with a planned or sent action are kept. Undo several imports newest first. The run says what
    came of it, and is refused if a later import builds on this one.
    """
    with database.transaction() as session:
        record = _require_import(session, import_id)
    if record.undone_at is not None:
        raise Fault(FaultType.CONFLICT, f"import {import_id} was already undone")
    return describe_started(
        start_undo(runs, caller, account=record.account, import_id=import_id), request, response
    )


def _require_import(session: Session, import_id: int) -> ImportRecord:
    record = store.find_import(session, import_id)
    if record is None:
        raise Fault(FaultType.IMPORT_UNKNOWN, f"there is no import {import_id}")
    return record
