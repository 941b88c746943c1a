"""`rapport account`: who acts."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table

from api_stub.cli.context import DEFAULT_DATA, DataDir, opened, settings_of, the_account, who_asks
from api_stub.cli.quota_gates import WARM_UP_SAYS
from api_stub.cli.words import in_words, say
from api_stub.sandbox.people import MEMBERS
from db.store import accounts, control, limits
from db.store.accounts import AccountRecord
from tasks.contract import AccountName
from worker import clock
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in as sign_in_to_sandbox
from worker.browser.session import BrowserHouse
from worker.errors import ConfigurationError, RequestRefusedError
from worker.rules.limits import PRACTICE, site_quota
from worker.rules.model import AccountStatus
from worker.secrets import Vault
from worker.settings import Settings

app = typer.Typer(help="Accounts: add, list, sign in, pause, resume.", no_args_is_help=True)

_SITES = frozenset({"sandbox"})
"""Those that there is an adapter for."""

Name = Annotated[str, typer.Argument(help="The account's name.")]


@app.command()
def add(
    name: Name,
    site: Annotated[str, typer.Option(help="The site it is on.")] = "sandbox",
    time_zone: Annotated[
        str, typer.Option(help="IANA zone in which its days begin, such as Europe/Paris.")
    ] = "UTC",
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Add an account, or move one to another time zone.

    A new account of a real site may do only a part of its limits in its first three weeks.
    """
    if site not in _SITES:
        raise RequestRefusedError(
            f"there is no adapter for the site {site!r} yet; `sandbox` is the practice network"
        )
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise RequestRefusedError(f"{time_zone!r} is no IANA time zone, such as Europe/Paris") from None
    try:
        TypeAdapter[str](AccountName).validate_python(name)
    except ValidationError:
        raise RequestRefusedError(
            f"{name!r} can't be an account's name: small letters, digits, - and _, at most 63 of them, "
            "beginning with a letter or digit"
        ) from None
    with opened(data) as database, database.transaction() as session:
        is_new = accounts.by_name(session, name) is None
        account = accounts.add(session, name=name, site=site, zone=zone)
        warms_up = is_new and site_quota(account.site) is not PRACTICE
        if warms_up:
            today = clock.now().astimezone(zone).date()
            limits.warm_up_from(session, account.id, today, by=who_asks())
    if warms_up:
        say(
            f"it is new here, so its limits ramp up from today: {WARM_UP_SAYS}. Was it used long before? "
            f"rapport quota warm-up {name} --skip"
        )
    say(f"account {name} is there; next: rapport account sign-in {name}")


@app.command("list")
def show(data: DataDir = DEFAULT_DATA) -> None:
    """List the accounts, and why one is paused or stopped."""
    table = Table("name", "site", "time zone", "status", "signed in")
    with opened(data) as database, database.transaction() as session:
        for account in accounts.everyone(session):
            signed_in = "yes" if account.session else "not yet"
            table.add_row(account.name, account.site, account.zone.key, _status(account), signed_in)
    Console().print(table)


@app.command("sign-in")
def sign_in(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Sign an account in through a browser, and keep the session encrypted.

    The practice network's members and passwords are public, so for them this types the password itself.
    """
    settings = settings_of(data)
    with opened(data) as database:
        with database.transaction() as session:
            account = the_account(session, name)
        state = _sandbox_session(settings, name)
        with database.transaction() as session:
            accounts.keep_session(session, account.id, Vault(settings.secret_keys).seal(state))
    say(f"account {name} is signed in")


@app.command()
def pause(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Let an account do nothing until it is resumed. What is planned waits; nothing is dropped.

    A worker that is typing stops before the click on send. What was sent already is still recorded.
    """
    with opened(data) as database, database.transaction() as session:
        account = the_account(session, name)
        if not control.pause_account(session, account.id):
            raise RequestRefusedError(f"account {name} is {_status(account)}: it does nothing already")
    say(f"account {name} is paused; next: rapport account resume {name}")


@app.command()
def resume(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Let a paused account go on. One that its site stopped must be signed in again instead."""
    with opened(data) as database, database.transaction() as session:
        account = the_account(session, name)
        if not control.resume_account(session, account.id):
            advice = (
                f"look at it on the site, then: rapport account sign-in {name}"
                if account.status is AccountStatus.STOPPED
                else "there is nothing to resume"
            )
            raise RequestRefusedError(f"account {name} is {_status(account)}; {advice}")
    say(f"account {name} goes on; `rapport why {name}` says when")


def _status(account: AccountRecord) -> str:
    return f"{account.status} ({in_words(account.stop_reason)})" if account.stop_reason else account.status


def _sandbox_session(settings: Settings, name: str) -> str:
    member = MEMBERS.get(name)
    if member is None:
        raise RequestRefusedError(f"the practice network has no member {name!r}; it has {', '.join(MEMBERS)}")
    if settings.sandbox_url is None:
        raise ConfigurationError("RAPPORT_SANDBOX_URL is not set: where is the practice network?")
    timeout = settings.browser_timeout
    with BrowserHouse(chromium=settings.chromium, headless=settings.headless, timeout=timeout) as house:
        page = house.page_for(0, None)
        sign_in_to_sandbox(page, settings.sandbox_url, name, member.password)
        if not SandboxSite(page, settings.sandbox_url, timeout).signed_in():
            raise RequestRefusedError("the practice network did not accept the sign-in")
        return house.storage_state(0)
