"""Add an account, or move one to another time zone."""

from typing import Final
from zoneinfo import available_timezones

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter, ValidationError

from api_stub.app_state import AppDatabase
from api_stub.console.forms import Form
from api_stub.console.i18n import load_texts
from api_stub.console.page import choose_account, done, render
from api_stub.console.session import Owner, SignedIn
from api_stub.sandbox.population.members import MEMBERS
from db.store import audit
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota import new_accounts
from tasks.contract import AccountName
from worker import clock
from worker.errors import RequestRefusedError
from worker.rules.dates.zones import parse_zone
from worker.rules.sites.registry import SITES

_OFFERED: Final = tuple(site for site in SITES.values() if site.offered)
_NAME: Final = TypeAdapter[str](AccountName)

router = APIRouter(prefix="/setup/account", include_in_schema=False)


@router.get("")
def show_form(request: Request, viewer: Owner, database: AppDatabase, new: bool = False) -> Response:
    """Show the form of an account; with `new`, an empty one."""
    with database.snapshot() as session:
        account, _ = choose_account(session, request)
    shown = None if new else account
    typed = {
        "name": shown.name if shown else "",
        "site": shown.site if shown else "",
        "zone": shown.zone.key if shown else "",
    }
    return _render(request, viewer, shown, typed)


@router.post("")
def save(request: Request, viewer: Owner, database: AppDatabase, form: Form) -> Response:
    """Add the account after a typed yes, if its site asks for one; of a known one, set the time zone."""
    _ = load_texts(viewer.locale).gettext
    typed = {name: form.text(name) for name in ("name", "site", "zone")}
    errors = {}
    with database.transaction() as session:
        there = accounts.find_account(session, typed["name"])
        site = there.site if there else typed["site"]
        if there is None:
            errors = _check_new(typed, form.text("yes"), viewer)
        try:
            zone = parse_zone(typed["zone"])
        except RequestRefusedError:
            errors["zone"] = _("There is no such time zone. Write one such as Europe/Paris.")
        if errors:
            return _render(request, viewer, there, typed, errors)
        audit.record_change(
            session, by=viewer.name, change="account.zone" if there else "account.add", about=typed["name"],
            detail=zone.key,
        )  # fmt: skip
        warms_up = new_accounts.add_account(
            session, name=typed["name"], site=site, zone=zone, now=clock.now(), by=viewer.name
        )
    text = _("The time zone is set.") if there else _("The account is added.")
    if warms_up:
        text += " " + _("It is new to Rapport, so its limits ramp up over three weeks.")
    return done(request, viewer, f"/setup?account={typed['name']}", text)


def _check_new(typed: dict[str, str], yes: str, viewer: SignedIn) -> dict[str, str]:
    """Return what is wrong with a new account, by field."""
    _ = load_texts(viewer.locale).gettext
    errors = {}
    try:
        _NAME.validate_python(typed["name"])
    except ValidationError:
        errors["name"] = _(
            "Use lower-case letters, digits, - and _, at most 63, beginning with a letter or digit."
        )
    chosen = next((site for site in _OFFERED if site.name == typed["site"]), None)
    if chosen is None:
        errors["site"] = _("Choose the site.")
    elif chosen.risk_notice and yes.lower() not in {"yes", _("yes")}:
        errors["yes"] = _("Not confirmed, so no account was added. Type yes to add it anyway.")
    elif chosen.on_loopback and not errors and typed["name"] not in MEMBERS:
        errors["name"] = _("The practice network knows only these members: %(names)s") % {
            "names": ", ".join(MEMBERS)
        }
    return errors


def _render(
    request: Request,
    viewer: SignedIn,
    account: AccountRecord | None,
    typed: dict[str, str],
    errors: dict[str, str] | None = None,
) -> Response:
    return render(
        request,
        viewer,
        "setup/account.html",
        status=422 if errors else 200,
        account=account,
        typed=typed,
        sites=_OFFERED,
        members=list(MEMBERS),
        zones=sorted(available_timezones()),
        errors=errors or {},
    )
