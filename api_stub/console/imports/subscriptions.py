"""Subscribed address books and calendars: read one now, or end it. Their addresses are never shown."""

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console.errors import UnknownPageError
from api_stub.console.forms import Form
from api_stub.console.i18n import load_texts
from api_stub.console.imports.routes import Id
from api_stub.console.page import done, render
from api_stub.console.session import Owner
from db.store import audit
from db.store.imports import subscriptions as store
from db.store.imports.subscriptions import SubscriptionRecord

router = APIRouter(prefix="/imports/subscriptions", include_in_schema=False)


@router.post("/{subscription_id}/read")
def read_now(
    subscription_id: Id, request: Request, viewer: Owner, database: AppDatabase, _form: Form
) -> Response:
    """Let a browser worker, which has the keys, read it at the next tick; also one that is paused."""
    _ = load_texts(viewer.locale).gettext
    with database.transaction() as session:
        record = _find(session, subscription_id)
        about = f"{record.account} {subscription_id}"
        audit.record_change(session, by=viewer.name, change="subscription.read", about=about)
        store.request_reading(session, subscription_id)
    text = _("It will be read in a moment; the list then says what came of it.")
    return done(request, viewer, f"/imports?account={record.account}", text)


@router.get("/{subscription_id}/remove")
def ask_remove(subscription_id: Id, request: Request, viewer: Owner, database: AppDatabase) -> Response:
    """Ask once more before a subscription ends."""
    with database.snapshot() as session:
        record = _find(session, subscription_id)
    return render(request, viewer, "imports/unsubscribe.html", record=record)


@router.post("/{subscription_id}/remove")
def remove(
    subscription_id: Id, request: Request, viewer: Owner, database: AppDatabase, _form: Form
) -> Response:
    """End a subscription and delete its address and password. Its contacts and imports stay."""
    _ = load_texts(viewer.locale).gettext
    with database.transaction() as session:
        record = _find(session, subscription_id)
        about = f"{record.account} {subscription_id}"
        audit.record_change(session, by=viewer.name, change="subscription.remove", about=about)
        store.remove_subscription(session, subscription_id)
    text = _("The subscription has ended. Its people stay, and its imports can be undone.")
    return done(request, viewer, f"/imports?account={record.account}", text)


def _find(session: Session, subscription_id: int) -> SubscriptionRecord:
    found = [each for each in store.list_subscriptions(session) if each.id == subscription_id]
    if not found:
        raise UnknownPageError
    return found[0]
