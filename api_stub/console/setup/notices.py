"""Where notices are sent: the list, tests, and ends. This process has no key for their URLs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console.errors import UnknownPageError
from api_stub.console.forms import Form
from api_stub.console.i18n import load_texts
from api_stub.console.page import done, render
from api_stub.console.session import Owner, Viewer
from db.engine import Database
from db.store import audit
from db.store.actions.review import approval_links
from db.store.notices import deliveries, targets
from db.store.notices.targets import TargetRecord
from worker.rules.notices.deliveries import WHAT_HAPPENED

Name = Annotated[str, Path(max_length=60)]

router = APIRouter(prefix="/setup/notices", include_in_schema=False)


@router.get("")
def show_targets(request: Request, viewer: Viewer, database: AppDatabase) -> Response:
    """List the targets: scheme and host of each, what it is told, and whether it works."""
    with database.snapshot() as session:
        found = targets.list_targets(session)
    return render(request, viewer, "setup/notices.html", targets=found, what_happened=WHAT_HAPPENED)


@router.post("/{name}/test")
def send_test(name: Name, request: Request, viewer: Owner, database: AppDatabase, _form: Form) -> Response:
    """Let the notifier, which has the keys, send a test when it looks next."""
    _ = load_texts(viewer.locale).gettext
    with _changing(database, name, "test", by=viewer.name) as (session, target):
        deliveries.request_test(session, target.id)
    return done(
        request,
        viewer,
        "/setup/notices",
        _("A test is on its way. This page says in some seconds whether the server took it."),
    )


@router.post("/{name}/pause")
def pause(name: Name, request: Request, viewer: Owner, database: AppDatabase, _form: Form) -> Response:
    """Send nothing to a target until it is resumed. It isn't told later what happens meanwhile."""
    _ = load_texts(viewer.locale).gettext
    with _changing(database, name, "pause", by=viewer.name) as (session, target):
        targets.set_paused(session, target.id, paused=True)
    return done(request, viewer, "/setup/notices", _("It is paused."))


@router.post("/{name}/resume")
def resume(name: Name, request: Request, viewer: Owner, database: AppDatabase, _form: Form) -> Response:
    """Send to a paused target again, from now on."""
    _ = load_texts(viewer.locale).gettext
    with _changing(database, name, "resume", by=viewer.name) as (session, target):
        targets.set_paused(session, target.id, paused=False)
    return done(request, viewer, "/setup/notices", _("It is told again."))


@router.get("/{name}/remove")
def ask_remove(name: Name, request: Request, viewer: Owner, database: AppDatabase) -> Response:
    """Ask once more before a target is removed."""
    with database.snapshot() as session:
        target = _find(session, name)
    return render(request, viewer, "setup/remove_target.html", target=target)


@router.post("/{name}/remove")
def remove(name: Name, request: Request, viewer: Owner, database: AppDatabase, _form: Form) -> Response:
    """Remove a target with its URL. What waits for it is not sent; its links to approve with are revoked."""
    _ = load_texts(viewer.locale).gettext
    with _changing(database, name, "remove", by=viewer.name) as (session, target):
        targets.remove_target(session, target.id)
        approval_links.revoke_links(session, target=name)
    return done(request, viewer, "/setup/notices", _("It is removed, and nothing more is sent there."))


@contextmanager
def _changing(
    database: Database, name: str, change: str, *, by: str
) -> Iterator[tuple[Session, TargetRecord]]:
    """Find a target, and change it in the block's transaction, in which the change is recorded."""
    with database.transaction() as session:
        target = _find(session, name)
        audit.record_change(session, by=by, change=f"notice-target.{change}", about=name)
        yield session, target


def _find(session: Session, name: str) -> TargetRecord:
    found = targets.find_target(session, name)
    if found is None:
        raise UnknownPageError
    return found
