"""Imports: send a file, see what it would do, import exactly that file, and undo an import."""

from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response

from api_stub.app_state import AppDatabase
from api_stub.console.errors import UnknownPageError
from api_stub.console.forms import CSRF_FIELD, Form, check_token
from api_stub.console.i18n import load_texts
from api_stub.console.imports.multipart import Fields, receive_form
from api_stub.console.imports.reports import fill_report
from api_stub.console.page import choose_account, done, render
from api_stub.console.session import Owner, SignedIn, Viewer
from api_stub.imports.jobs import BusyError, RunKind, Runs, RunState
from api_stub.imports.kept_files import KeptFile
from api_stub.imports.state import ImportRuns
from api_stub.imports.work import check, import_checked, undo
from db.engine import Database
from db.imports.formats import FORMATS
from db.store.imports import runs as store
from db.store.imports import subscriptions
from db.store.imports.runs import ImportRecord
from db.store.people import accounts
from worker.errors import RequestRefusedError
from worker.rules.subscriptions.readings import WHAT_HAPPENED, WHAT_TO_DO

_PER_PAGE: Final = 20

Id = Annotated[int, Path(ge=1, lt=2**63)]
Before = Annotated[int | None, Query(ge=1, lt=2**63)]


router = APIRouter(prefix="/imports", include_in_schema=False)


@router.get("")
def list_imports(
    request: Request, viewer: Viewer, database: AppDatabase, runs: ImportRuns, before: Before = None
) -> Response:
    """List imports with their results, and subscriptions; an owner can send a file."""
    return _render_list(request, viewer, database, runs, before=before)


@router.post("")
async def send_file(request: Request, viewer: Owner, database: AppDatabase, runs: ImportRuns) -> Response:
    """Keep a file as it arrives, and look at what importing it would do. Changes nothing."""
    _ = load_texts(viewer.locale).gettext

    def may_be_kept(fields: Fields) -> None:
        check_token(viewer, fields.get(CSRF_FIELD, ""))
        with database.transaction() as session:
            if accounts.find_account(session, fields.get("account", "")) is None:
                raise RequestRefusedError(_("Choose the account that these people belong to."))
        if runs.find_running() is not None:
            raise RequestRefusedError(_("Another import is running. Wait until it has ended."))

    try:
        fields, kept = await receive_form(request, runs.folder, may_be_kept)
    except RequestRefusedError as error:
        refusal = str(error)
        return await to_thread.run_sync(
            lambda: _render_list(request, viewer, database, runs, status=422, error=refusal)
        )
    return _start_check(request, viewer, runs, fields, kept)


def _start_check(request: Request, viewer: SignedIn, runs: Runs, fields: Fields, kept: KeptFile) -> Response:
    _ = load_texts(viewer.locale).gettext
    if kept.size == 0:
        kept.discard()
        return done(request, viewer, "/imports", _("No file was chosen, or it is empty."))
    try:
        run = runs.start(
            check,
            kind=RunKind.CHECK,
            account=fields["account"],
            by=viewer.name,
            kept=kept,
            source=next((source for source in FORMATS if source == fields.get("format")), None),
            encoding=fields.get("encoding") or None,
        )
    except BusyError as busy:
        kept.discard()
        text = _("Another import is running. Wait until it has ended, then send the file again.")
        return done(request, viewer, f"/imports/runs/{busy.run.id}", text)
    return done(request, viewer, f"/imports/runs/{run.id}", "")


@router.get("/runs/{run_id}")
def show_run(
    run_id: str, request: Request, viewer: Viewer, database: AppDatabase, runs: ImportRuns
) -> Response:
    """Show how far a check, an import or its undoing has come, then what it did."""
    run = runs.find(run_id)
    if run is None:
        text = load_texts(viewer.locale).gettext("This run has ended. What was imported is in this list.")
        return done(request, viewer, "/imports", text)
    record = None
    if run.kind is RunKind.IMPORT and run.state is RunState.DONE and run.import_id is not None:
        with database.snapshot() as session:
            record = store.find_import(session, run.import_id)
    return render(request, viewer, "imports/run.html", run=run, record=record, fill=fill_report)


@router.post("/runs/{run_id}")
def import_file(run_id: str, request: Request, viewer: Owner, runs: ImportRuns, form: Form) -> Response:
    """Import the file that a check read: the one whose digest the page showed, or none."""
    _ = load_texts(viewer.locale).gettext
    checked = runs.take_checked(run_id)
    if checked is None or checked.kept is None:
        return done(request, viewer, "/imports", _("This file isn't here any more: send it again."))
    try:
        run = runs.start(
            import_checked(form.text("digest")),
            kind=RunKind.IMPORT,
            account=checked.account,
            by=viewer.name,
            kept=checked.kept,
            source=checked.source,
            encoding=checked.encoding,
        )
    except BusyError as busy:
        runs.put_back(checked)
        text = _("Another import is running. Wait until it has ended, then import this file.")
        return done(request, viewer, f"/imports/runs/{busy.run.id}", text)
    return done(request, viewer, f"/imports/runs/{run.id}", "")


@router.post("/runs/{run_id}/discard")
def discard(run_id: str, request: Request, viewer: Owner, runs: ImportRuns, _form: Form) -> Response:
    """Delete the file that a check read."""
    checked = runs.take_checked(run_id)
    if checked is not None and checked.kept is not None:
        checked.kept.discard()
    text = load_texts(viewer.locale).gettext("The file is deleted, and nothing was imported.")
    return done(request, viewer, "/imports", text)


@router.get("/{import_id}")
def show_import(import_id: Id, request: Request, viewer: Viewer, database: AppDatabase) -> Response:
    """Show what an import did."""
    return _render_import(request, viewer, database, import_id, "imports/report.html")


@router.get("/{import_id}/undo")
def ask_undo(import_id: Id, request: Request, viewer: Owner, database: AppDatabase) -> Response:
    """Ask once more before an import is undone."""
    return _render_import(request, viewer, database, import_id, "imports/undo.html")


@router.post("/{import_id}/undo")
def undo_import(
    import_id: Id, request: Request, viewer: Owner, database: AppDatabase, runs: ImportRuns, _form: Form
) -> Response:
    """Undo an import in the background."""
    record = _find_import(database, import_id)
    try:
        run = runs.start(
            undo(import_id), kind=RunKind.UNDO, account=record.account, by=viewer.name, import_id=import_id
        )
    except BusyError as busy:
        text = load_texts(viewer.locale).gettext("Another import is running. Wait until it has ended.")
        return done(request, viewer, f"/imports/runs/{busy.run.id}", text)
    return done(request, viewer, f"/imports/runs/{run.id}", "")


def _render_list(
    request: Request,
    viewer: SignedIn,
    database: Database,
    runs: Runs,
    *,
    before: int | None = None,
    status: int = 200,
    error: str = "",
) -> Response:
    with database.transaction() as session:
        account, everybody = choose_account(session, request)
        found = store.list_imports(
            session, account=account.name if account else None, limit=_PER_PAGE + 1, before=before
        )
        subscribed = subscriptions.list_subscriptions(session, account=account.name if account else None)
    shown = found[:_PER_PAGE]
    return render(
        request,
        viewer,
        "imports/list.html",
        status=status,
        account=account,
        accounts=everybody,
        imports=shown,
        formats=[(source, source) for source in FORMATS],
        fill=fill_report,
        older=shown[-1].id if len(found) > _PER_PAGE else None,
        first_page=before is None,
        subscriptions=subscribed,
        failures=WHAT_HAPPENED,
        advice=WHAT_TO_DO,
        running=runs.find_running(),
        unfinished=runs.list_unfinished(account.name) if account else (),
        error=error,
    )


def _render_import(
    request: Request, viewer: SignedIn, database: Database, import_id: int, template: str
) -> Response:
    record = _find_import(database, import_id)
    with database.transaction() as session:
        account = accounts.find_account(session, record.account)
    return render(request, viewer, template, record=record, account=account, fill=fill_report)


def _find_import(database: Database, import_id: int) -> ImportRecord:
    with database.transaction() as session:
        record = store.find_import(session, import_id)
        if record is None or accounts.find_account(session, record.account) is None:
            raise UnknownPageError
    return record
