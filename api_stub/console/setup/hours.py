"""Working hours and limits of greetings, by the rules of `rapport quota set`."""

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console.errors import UnknownPageError
from api_stub.console.forms import Form
from api_stub.console.i18n import load_texts
from api_stub.console.page import choose_account, done, render
from api_stub.console.session import Owner, SignedIn
from db.store.actions import control
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from worker.errors import RequestRefusedError
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits
from worker.rules.quota.notation import DAY_NAMES, apply_options, format_clock_time

_COUNTS: Final = ("per_run", "per_day", "per_week")

router = APIRouter(prefix="/setup/hours", include_in_schema=False)


@router.get("")
def show_form(request: Request, viewer: Owner, database: AppDatabase) -> Response:
    """Show when and how much an account greets."""
    with database.snapshot() as session:
        account = _choose(session, request)
        configured = limits.get_configured_limits(session, account.id, Kind.GREET)
    return _render(request, viewer, account, _to_typed(configured))


@router.post("")
def save(request: Request, viewer: Owner, database: AppDatabase, form: Form) -> Response:
    """Set hours, days and limits of greetings, in force from the next decision."""
    texts = load_texts(viewer.locale)
    typed = {name: form.text(name) for name in (*_COUNTS, "opens", "closes")}
    days = [day for day in DAY_NAMES if day in form.texts("days")]
    if not days:
        error = texts.gettext("Choose at least one day.")
    elif not all(typed[name].isascii() and typed[name].isdigit() for name in _COUNTS):
        error = texts.gettext("Write the limits as whole numbers.")
    else:
        error = ""
    with database.transaction() as session:
        account = _choose(session, request)
        if not error:
            try:
                with session.begin_nested():
                    _set(session, account, typed, days, viewer)
            except RequestRefusedError as refused:
                error = str(refused)
    if error:
        return _render(request, viewer, account, {**typed, "days": days}, error)
    said = texts.gettext("Hours and limits are set; they apply from the next decision on.")
    return done(request, viewer, f"/setup?account={account.name}", said)


def _set(
    session: Session, account: AccountRecord, typed: Mapping[str, str], days: list[str], viewer: SignedIn
) -> None:
    wanted = apply_options(
        limits.get_configured_limits(session, account.id, Kind.GREET),
        {name: int(typed[name][:6]) for name in _COUNTS},
        hours=f"{typed['opens']}-{typed['closes']}",
        days=",".join(days),
    )
    limits.set_limits(session, account.id, Kind.GREET, wanted, by=viewer.name)
    control.wake_denied_actions(session, account.id, [Kind.GREET])


def _choose(session: Session, request: Request) -> AccountRecord:
    account, _ = choose_account(session, request)
    if account is None:
        raise UnknownPageError
    return account


def _to_typed(configured: Limits) -> Mapping[str, object]:
    return {
        **{name: getattr(configured, name) for name in _COUNTS},
        "opens": format_clock_time(configured.hours.opens),
        "closes": format_clock_time(configured.hours.closes),
        "days": [DAY_NAMES[day] for day in sorted(configured.hours.days)],
    }


def _render(
    request: Request, viewer: SignedIn, account: AccountRecord, typed: Mapping[str, object], error: str = ""
) -> Response:
    return render(
        request,
        viewer,
        "setup/hours.html",
        status=422 if error else 200,
        account=account,
        typed=typed,
        day_names=DAY_NAMES,
        error=error,
    )
