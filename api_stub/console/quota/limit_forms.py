"""Forms that change limits and the warm-up, and close a breaker. Only the owner may."""

from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console import i18n
from api_stub.console.errors import UnknownPageError
from api_stub.console.form_account import read_account
from api_stub.console.forms import Form
from api_stub.console.page import choose_account, done, render
from api_stub.console.quota import typed_limits
from api_stub.console.quota.calendar_words import CalendarWords
from api_stub.console.quota.typed_limits import LimitsReader, TypedLimits, read_warm_up
from api_stub.console.session import Owner, SignedIn
from db.store import audit
from db.store.actions import control
from db.store.people.accounts import AccountRecord
from db.store.quota import epochs, limits
from worker import clock
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits, Totals
from worker.rules.sites.registry import site_quota

router = APIRouter(include_in_schema=False)

_ALL: Final = "all"
_SCOPES: Final = (*Kind, _ALL)


@router.get("/quota/warm-up")
def show_warm_up(request: Request, viewer: Owner, database: AppDatabase) -> Response:
    """Show the form of the warm-up."""
    with database.snapshot() as session:
        account = _require_account(session, request)
        began = limits.load_allowance(session, account.id, Kind.GREET).warm_up_on
    return _render_warm_up(request, viewer, account, began=began.isoformat() if began else "", errors={})


@router.post("/quota/warm-up")
def change_warm_up(request: Request, viewer: Owner, database: AppDatabase, form: Form) -> Response:
    """Let the limits ramp up from a day, or no longer."""
    _ = i18n.load_texts(viewer.locale).gettext
    with database.transaction() as session:
        account = read_account(session, form)
        began = None
        if not form.flag("none"):
            typed, today = form.text("from", most=10), clock.now().astimezone(account.zone).date()
            began, errors = read_warm_up(typed, today, _)
            if errors:
                return _render_warm_up(request, viewer, account, began=typed, errors=errors, status=422)
        audit.record_change(session, by=viewer.name, change="quota.warm_up", about=account.name)
        limits.set_warm_up(session, account.id, began, by=viewer.name)
        _ask_again(session, account, list(Kind))
    return done(request, viewer, _page_of(account), _("The warm-up is changed, from the next decision on."))


@router.get("/quota/{scope}")
def show_limits(request: Request, scope: str, viewer: Owner, database: AppDatabase) -> Response:
    """Show the form of a kind's limits, or of those of all kinds together."""
    with database.snapshot() as session:
        account = _require_account(session, request)
        typed = typed_limits.write(_load(session, account, _check_scope(scope)))
    return _render_limits(request, viewer, account, scope=scope, typed=typed, errors={})


@router.post("/quota/{scope}")
def change_limits(request: Request, scope: str, viewer: Owner, database: AppDatabase, form: Form) -> Response:
    """Change the limits of a kind, or of all kinds together, as `rapport quota set` does."""
    _ = i18n.load_texts(viewer.locale).gettext
    _check_scope(scope)
    with database.transaction() as session:
        account = read_account(session, form)
        before = _load(session, account, scope)
        typed = typed_limits.collect(form, before)
        reader = LimitsReader(typed, find_ceiling(account, scope), _)
        wanted = reader.read(before)
        if wanted is None:
            return _render_limits(
                request, viewer, account, scope=scope, typed=typed, errors=reader.errors, status=422
            )
        audit.record_change(session, by=viewer.name, change="quota.limits", about=account.name, detail=scope)
        _save(session, account, scope, wanted, by=viewer.name)
        _ask_again(session, account, list(Kind) if scope == _ALL else [Kind(scope)])
    return done(request, viewer, _page_of(account), _("The limits are changed, from the next decision on."))


@router.post("/quota/{scope}/breaker")
def close_breaker(request: Request, scope: str, viewer: Owner, database: AppDatabase, form: Form) -> Response:
    """Close the breaker of a kind; the next decision counts the usage again from the ledger."""
    _ = i18n.load_texts(viewer.locale).gettext
    if scope not in set(Kind):
        raise UnknownPageError
    with database.transaction() as session:
        account, kinds = read_account(session, form), [Kind(scope)]
        audit.record_change(session, by=viewer.name, change="quota.breaker", about=account.name, detail=scope)
        epochs.reset_breakers(session, account.id, kinds)
        limits.record_breaker_reset(session, account.id, kinds=kinds, by=viewer.name)
        _ask_again(session, account, kinds)
    said = _("The breaker is closed. The next decision counts the usage again from what was sent.")
    return done(request, viewer, _page_of(account), said)


def find_ceiling(account: AccountRecord, scope: str) -> Totals | None:
    """Return the site's hard ceiling of a kind, or of all kinds together; None without one."""
    quota = site_quota(account.site)
    if scope == _ALL:
        return quota.total_ceiling
    return quota.ceilings[Kind(scope)] if quota.ceilings else None


def _check_scope(scope: str) -> str:
    if scope not in _SCOPES:
        raise UnknownPageError
    return scope


def _require_account(session: Session, request: Request) -> AccountRecord:
    account, _everybody = choose_account(session, request)
    if account is None:
        raise UnknownPageError
    return account


def _load(session: Session, account: AccountRecord, scope: str) -> Limits | Totals:
    if scope == _ALL:
        return limits.get_configured_totals(session, account.id)
    return limits.get_configured_limits(session, account.id, Kind(scope))


def _save(session: Session, account: AccountRecord, scope: str, wanted: Limits | Totals, *, by: str) -> None:
    if isinstance(wanted, Totals):
        limits.set_totals(session, account.id, wanted, by=by)
    else:
        limits.set_limits(session, account.id, Kind(scope), wanted, by=by)


def _ask_again(session: Session, account: AccountRecord, kinds: Collection[Kind]) -> None:
    """Let actions that the quota made wait ask again."""
    control.wake_denied_actions(session, account.id, kinds)


def _page_of(account: AccountRecord) -> str:
    return f"/quota?account={quote(account.name)}"


def _render_limits(
    request: Request,
    viewer: SignedIn,
    account: AccountRecord,
    *,
    scope: str,
    typed: TypedLimits,
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    return render(
        request,
        viewer,
        "quota/limits.html",
        status=status,
        account=account,
        scope=scope,
        typed=typed,
        errors=errors,
        ceiling=find_ceiling(account, scope),
        names=CalendarWords(viewer.locale),
    )


def _render_warm_up(
    request: Request,
    viewer: SignedIn,
    account: AccountRecord,
    *,
    began: str,
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    return render(
        request,
        viewer,
        "quota/warm_up.html",
        status=status,
        account=account,
        began=began,
        errors=errors,
        today=clock.now().astimezone(account.zone).date().isoformat(),
    )
