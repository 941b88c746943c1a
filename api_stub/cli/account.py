"""`rapport account`: add, list, sign in, pause and resume accounts."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from pydantic import TypeAdapter
from rich.table import Table
from sqlalchemy.orm import Session

from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountArgument,
    DataDir,
    get_terminal_user,
    load_settings,
    open_database,
    open_session,
    require_account,
    validate_name,
)
from api_stub.cli.formatting import describe_reason, print_text
from api_stub.cli.halts import advise_sign_in
from api_stub.cli.prompts import require_typed_yes
from api_stub.cli.quota.gates import WARM_UP_TEXT
from api_stub.cli.terminal import Console
from api_stub.cli.waiting import show_wait
from api_stub.sandbox.population.members import MEMBERS
from db.store.actions import control
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from tasks.contract import AccountName
from worker import clock
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in as sign_in_to_sandbox
from worker.errors import ConfigurationError, RequestRefusedError
from worker.rules.model import AccountStatus
from worker.rules.quota.limits import PRACTICE_QUOTA
from worker.rules.sites import SITES, has_adapter, site_quota
from worker.secrets import SESSION_UNREADABLE, Vault
from worker.settings import Settings

app = typer.Typer(help="Accounts: add, list, sign in, pause, resume.", no_args_is_help=True)

_SANDBOX = "sandbox"
_SITES = tuple(site.name for site in SITES.values() if site.offered)

Name = AccountArgument


@app.command()
def add(
    name: Name,
    site: Annotated[
        str | None,
        typer.Option(
            help=f"The site it is on: {' or '.join(_SITES)}. Default: {_SANDBOX}, the practice network."
        ),
    ] = None,
    time_zone: Annotated[
        str, typer.Option(help="IANA zone in which its days begin, such as Europe/Paris.")
    ] = "UTC",
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Add an account, or move one to another time zone.

    A new account of a real site may do only a part of its limits in its first three weeks, and asks for
    a typed yes, because the site's user agreement forbids automation.
    """
    if site not in {None, *_SITES}:
        raise RequestRefusedError(
            f"the site {site!r} is not known: there are {' and '.join(_SITES)}, and {_SANDBOX} is the "
            "practice network"
        )
    try:
        zone = ZoneInfo(time_zone)
    except (
        ZoneInfoNotFoundError,
        ValueError,
        OSError,
    ):  # OSError: a folder of zones, or a name that is too long
        raise RequestRefusedError(f"{time_zone!r} is no IANA time zone, such as Europe/Paris") from None
    validate_name(TypeAdapter[str](AccountName), name, "an account's name")
    with open_database(data) as database:
        with database.transaction() as session:
            there = accounts.find_account(session, name)
        if there is not None and site not in {None, there.site}:
            raise RequestRefusedError(
                f"account {name} is on {there.site} and stays there: take another name for {site}"
            )
        site = there.site if there is not None else site or _SANDBOX
        if there is None and (notice := SITES[site].risk_notice):
            require_typed_yes(
                notice, "Type yes if you want that", refusal="nobody typed yes, so no account was added"
            )
        with database.transaction() as session:
            warms_up = _add_account(session, name, site, zone)
    if warms_up:
        print_text(
            f"it is new here, so its limits ramp up from today: {WARM_UP_TEXT}. Was it used long before? "
            f"rapport quota warm-up {name} --skip"
        )
    following = f"account sign-in {name}" if has_adapter(site) else f"import v1 FILE --account {name}"
    print_text(f"account {name} is there; next: rapport {following}")


def _add_account(session: Session, name: str, site: str, zone: ZoneInfo) -> bool:
    """Add the account, or change its time zone; return whether a warm-up begins."""
    warms_up = accounts.find_account(session, name) is None and site_quota(site) is not PRACTICE_QUOTA
    account = accounts.add_account(session, name=name, site=site, zone=zone)
    if warms_up:
        today = clock.now().astimezone(zone).date()
        limits.set_warm_up(session, account.id, today, by=get_terminal_user())
    return warms_up


@app.command("list")
def list_accounts(data: DataDir = DEFAULT_DATA) -> None:
    """List the accounts, and why one is paused or stopped."""
    table = Table("name", "site", "time zone", "status", "signed in", "keeps data")
    with open_session(data) as session:
        for account in accounts.list_accounts(session):
            signed_in = "yes" if account.session else "not yet"
            table.add_row(
                account.name,
                account.site,
                account.zone.key,
                _format_status(account),
                signed_in,
                _format_retention(account),
            )
    Console().print(table)


@app.command("sign-in")
def sign_in(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Sign an account in through a browser, and keep the session encrypted.

    The practice network's members and passwords are public, so for them this types the password itself.
    """
    settings = load_settings(data)
    vault = Vault(settings.required("secret_keys"))
    with open_database(data) as database:
        with database.transaction() as session:
            account = require_account(session, name)
        if account.session is not None and not vault.can_open(account.session):
            print_text(f"{SESSION_UNREADABLE}; this sign-in replaces it")
        if account.site != _SANDBOX:
            raise RequestRefusedError(
                f"account {name} is on {account.site}, where Rapport can't sign in yet, so nothing can be "
                "sent from it"
            )
        with show_wait("signing in to the practice network in a browser"):
            state = _sign_in_to_sandbox(settings, name)
        with database.transaction() as session:
            accounts.save_session(session, account.id, vault.seal(state))
    print_text(f"account {name} is signed in")


@app.command()
def keep(
    name: Name,
    days: Annotated[
        int | None, typer.Option(min=8, max=3650, help="So many days after they were last seen.")
    ] = None,
    for_ever: Annotated[bool, typer.Option("--for-ever", help="Until you erase them.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Set how long people who are not connections, and profiles, are kept. The quota needs 8 days.

    What is older is erased several times a day; rapport data purge NAME --dry-run counts it.
    """
    if (days is None) is not for_ever:
        raise RequestRefusedError("give --days N or --for-ever")
    with open_session(data) as session:
        accounts.set_keep_days(session, require_account(session, name).id, days)
    if days is None:
        print_text(f"account {name} keeps people and profiles until you erase them")
    else:
        print_text(
            f"account {name} keeps people who are not connections, and profiles, for {days} days unseen; "
            f"rapport data purge {name} --dry-run counts what is older"
        )


@app.command()
def pause(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Pause an account until it is resumed. Planned actions wait; nothing is dropped.

    A worker that is typing stops before the click on send. What was sent already is still recorded.
    """
    with open_session(data) as session:
        account = require_account(session, name)
        if not control.pause_account(session, account.id):
            raise RequestRefusedError(f"account {name} is {_format_status(account)}: it does nothing already")
    print_text(f"account {name} is paused; next: rapport account resume {name}")


@app.command()
def resume(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Resume a paused account. One that its site stopped must be signed in again instead."""
    with open_session(data) as session:
        account = require_account(session, name)
        if not control.resume_account(session, account.id):
            advice = (
                f"check the account on the site, then {advise_sign_in(name, account.site)}"
                if account.status is AccountStatus.STOPPED
                else "there is nothing to resume"
            )
            raise RequestRefusedError(f"account {name} is {_format_status(account)}; {advice}")
    print_text(f"account {name} goes on; `rapport why {name}` says when")


def _format_retention(account: AccountRecord) -> str:
    return "for ever" if account.keep_days is None else f"{account.keep_days} days"


def _format_status(account: AccountRecord) -> str:
    return (
        f"{account.status} ({describe_reason(account.stop_reason)})"
        if account.stop_reason
        else account.status
    )


def _sign_in_to_sandbox(settings: Settings, name: str) -> str:
    member = MEMBERS.get(name)
    if member is None:
        raise RequestRefusedError(f"the practice network has no member {name!r}; it has {', '.join(MEMBERS)}")
    if settings.sandbox_url is None:
        raise ConfigurationError("RAPPORT_SANDBOX_URL is not set: where is the practice network?")
    timeout = settings.browser_timeout
    with BrowserPool(chromium=settings.chromium, headless=settings.headless, timeout=timeout) as browser_pool:
        page = browser_pool.page_for(0, None)
        sign_in_to_sandbox(page, settings.sandbox_url, name, member.password)
        if not SandboxSite(page, settings.sandbox_url, timeout).signed_in():
            raise RequestRefusedError("the practice network did not accept the sign-in")
        return browser_pool.storage_state(0)
