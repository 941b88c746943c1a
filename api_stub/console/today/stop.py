"""Pause an account, stop everything, and take both back."""

from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from api_stub.app_state import AppDatabase
from api_stub.console.form_account import read_account
from api_stub.console.forms import Form
from api_stub.console.i18n import load_texts
from api_stub.console.page import choose_account, done, render
from api_stub.console.session import Approver, Viewer
from db.store import kill_switch
from db.store.actions import control
from db.store.audit import record_change
from db.store.people.accounts import AccountRecord

router = APIRouter(prefix="/stop", include_in_schema=False)


@router.get("")
def show_stop(request: Request, viewer: Viewer, database: AppDatabase) -> Response:
    """Ask before everything is stopped, and say what is stopped now."""
    with database.snapshot() as session:
        account, _ = choose_account(session, request)
        pulled = kill_switch.get_kill_switch(session)
    return render(request, viewer, "today/stop.html", account=account, pulled=pulled)


@router.post("/pause")
def pause(request: Request, viewer: Approver, form: Form, database: AppDatabase) -> Response:
    """Pause an account."""
    texts = load_texts(viewer.locale)
    with database.transaction() as session:
        account = read_account(session, form)
        if paused := control.pause_account(session, account.id):
            record_change(session, by=viewer.name, change="account.pause", about=account.name)
    says = (
        texts.gettext("The account is paused. Nothing is dropped; it goes on when you resume it.")
        if paused
        else texts.gettext("The account was not running, so nothing was changed.")
    )
    return done(request, viewer, _today_of(account), says)


@router.post("/resume")
def resume(request: Request, viewer: Approver, form: Form, database: AppDatabase) -> Response:
    """Resume an account that is paused, or stopped for a reason that needs no sign-in."""
    texts = load_texts(viewer.locale)
    with database.transaction() as session:
        account = read_account(session, form)
        if resumed := control.resume_account(session, account.id):
            record_change(session, by=viewer.name, change="account.resume", about=account.name)
    says = (
        texts.gettext("The account is running again.")
        if resumed
        else texts.gettext("Nothing was changed: the account was running, or only a new sign-in starts it.")
    )
    return done(request, viewer, _today_of(account), says)


@router.post("/everything")
def stop_everything(request: Request, viewer: Approver, form: Form, database: AppDatabase) -> Response:
    """Pull the kill switch."""
    texts = load_texts(viewer.locale)
    with database.transaction() as session:
        kill_switch.pull_kill_switch(session, viewer.name)
        record_change(session, by=viewer.name, change="kill_switch.pull", about="")
    return done(request, viewer, "/", texts.gettext("Everything is stopped. Nothing is dropped."))


@router.post("/resume-everything")
def resume_everything(request: Request, viewer: Approver, form: Form, database: AppDatabase) -> Response:
    """Release the kill switch."""
    texts = load_texts(viewer.locale)
    with database.transaction() as session:
        if was_on := kill_switch.release_kill_switch(session):
            record_change(session, by=viewer.name, change="kill_switch.release", about="")
    says = (
        texts.gettext("Everything is running again. Accounts that were paused stay paused.")
        if was_on
        else texts.gettext("Nothing was stopped, so nothing was changed.")
    )
    return done(request, viewer, "/", says)


def _today_of(account: AccountRecord) -> str:
    return f"/?account={quote(account.name)}"
