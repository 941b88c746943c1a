"""`rapport account`: list, sign in, pause and resume accounts; other modules add and remove them."""

from typing import Annotated

import typer

from api_stub.cli.accounts import add, first_look, remove
from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountArgument,
    AsJson,
    DataDir,
    open_database,
    open_session,
    print_answer,
    require_account,
)
from api_stub.cli.explain.halts import advise_sign_in
from api_stub.cli.formatting import create_table, describe_reason, print_text
from api_stub.cli.local_servers import load_settings
from api_stub.cli.screen.waiting import show_wait
from api_stub.cli.terminal import Console
from api_stub.responses.accounts import build_account_answer
from api_stub.sandbox.population.members import MEMBERS
from db.store.actions import control
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from worker.browser.kept_session import prove_session
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in as sign_in_to_sandbox
from worker.errors import ConfigurationError, RequestRefusedError
from worker.rules.model import AccountStatus
from worker.secrets import SESSION_UNREADABLE, Vault
from worker.settings import Settings

app = typer.Typer(
    help="Accounts: add, list, sign in, look at a first message, pause, resume, remove.", no_args_is_help=True
)
app.command("add")(add.add_account)
app.command("remove")(remove.remove_account)
app.command("first-look")(first_look.first_look)

_SANDBOX = "sandbox"

Name = AccountArgument


@app.command("list")
def list_accounts(as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """List the accounts, and why one is paused or stopped."""
    with open_session(data) as session:
        found = accounts.list_accounts(session)
    if as_json:
        print_answer([build_account_answer(account) for account in found])
        return
    table = create_table("name", "site", "time zone", "status", "signed in", "keeps data")
    for account in found:
        table.add_row(
            account.name,
            account.site,
            account.zone.key,
            _format_status(account),
            "yes" if account.session else "not yet",
            _format_retention(account),
        )
    Console().print(table)


@app.command("sign-in")
def sign_in(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Sign an account in through a browser, and keep the session encrypted.

    The practice network's members and passwords are public, so for them this types the password itself.
    """
    with open_database(data, needs_workers=True) as database:
        settings = load_settings(data)
        vault = Vault(settings.required("secret_keys"))
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
    days: Annotated[int | None, typer.Option(min=8, max=3650, help="Days after they were last seen.")] = None,
    for_ever: Annotated[bool, typer.Option("--for-ever", help="Until you erase them.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Set how long profiles, and people you aren't connected to, are kept. The quota needs 8 days.

    Older data is erased several times a day; `rapport data purge NAME --dry-run` counts it.
    """
    if (days is None) is not for_ever:
        raise RequestRefusedError("give --days N or --for-ever")
    with open_session(data) as session:
        accounts.set_keep_days(session, require_account(session, name).id, days)
    if days is None:
        print_text(f"account {name} keeps people and profiles until you erase them")
    else:
        print_text(
            f"account {name} keeps profiles, and people you aren't connected to, for {days} days after they "
            f"were last seen; `rapport data purge {name} --dry-run` counts older data"
        )


@app.command()
def pause(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Pause an account until it is resumed. Planned actions wait; nothing is dropped.

    A worker that is typing stops before the click on send. What was already sent is still recorded.
    """
    with open_session(data) as session:
        account = require_account(session, name)
        if not control.pause_account(session, account.id):
            raise RequestRefusedError(
                f"account {name} is {_format_status(account)}: there is nothing to pause"
            )
    print_text(f"account {name} is paused; next: `rapport account resume {name}`")


@app.command()
def resume(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Resume a paused account, or one that its site stopped for a reason that needs no new sign-in.

    These are: a page had changed, its language is unknown, Enter sends, the account is held. After any other
    stop the account must be signed in again.
    """
    with open_session(data) as session:
        account = require_account(session, name)
        if not control.resume_account(session, account.id):
            advice = (
                f"check the account on the site, then {advise_sign_in(name, account.site)}"
                if account.status is AccountStatus.STOPPED
                else "there is nothing to resume"
            )
            raise RequestRefusedError(f"account {name} is {_format_status(account)}; {advice}")
    print_text(f"account {name} is active again; `rapport why {name}` says what comes next")


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
        raise ConfigurationError("RAPPORT_SANDBOX_URL is not set: set it to the practice network's address")
    timeout = settings.browser_timeout
    with BrowserPool(chromium=settings.chromium, headless=settings.headless, timeout=timeout) as browser_pool:
        base_url, page = settings.sandbox_url, browser_pool.page_for(0, None)
        sign_in_to_sandbox(page, base_url, name, member.password)
        if not SandboxSite(page, base_url, timeout).signed_in():
            raise RequestRefusedError("the practice network did not accept the sign-in")
        return prove_session(browser_pool, 0, lambda fresh: SandboxSite(fresh, base_url, timeout).signed_in())
