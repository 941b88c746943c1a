"""`rapport account sign-in`: a person signs in, in a window here or remotely in their own browser."""

import sys
from typing import Annotated, Final

import typer

from api_stub.cli.accounts.remote_sign_in import find_link_address, sign_in_remotely
from api_stub.cli.accounts.sign_in_target import WINDOW, SignInTarget, defer_interrupts, find_target
from api_stub.cli.context import DEFAULT_DATA, AccountArgument, DataDir, open_database, require_account
from api_stub.cli.formatting import print_text
from api_stub.cli.screen.waiting import show_wait
from api_stub.cli.servers.local_servers import load_settings
from api_stub.sandbox.population.members import MEMBERS
from worker.browser.person_sign_in import TIME_LIMIT
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.signin import sign_in as sign_in_to_sandbox
from worker.errors import RequestRefusedError
from worker.secrets import SESSION_UNREADABLE, Vault
from worker.settings import browser_environment, missing_for_site

_SANDBOX: Final = "sandbox"
_SCREENS: Final = frozenset({"DISPLAY", "WAYLAND_DISPLAY"})


def sign_in(
    name: AccountArgument,
    site: Annotated[
        str | None,
        typer.Option(help="The account's site; the command is refused if the account is on another one."),
    ] = None,
    remote: Annotated[
        bool, typer.Option("--remote", help="Show the window in your own browser, by a one-time link.")
    ] = False,
    address: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="With --remote: the address at which your browser reaches the HTTP API, with HTTPS or "
            "through an SSH tunnel. Default: its address on this machine.",
        ),
    ] = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Sign an account in: a browser window opens, you sign in there, and the session is kept encrypted.

    You type your password into the site's own page; Rapport never keeps it. In the same window you can answer
    what the site asks of a stopped account. On a server use --remote. The practice network's members and
    passwords are public, so there this types the password itself, unless you use --remote.
    """
    if address is not None and not remote:
        raise RequestRefusedError("--address belongs to --remote")
    with open_database(data, needs_workers=True) as database:
        settings = load_settings(data)
        vault = Vault(settings.required("secret_keys"))
        with database.transaction() as session:
            account = require_account(session, name)
        if site not in {None, account.site}:
            raise RequestRefusedError(f"account {name} is on {account.site}, not on {site!r}")
        if account.session is not None and not vault.can_open(account.session):
            print_text(f"{SESSION_UNREADABLE}; this sign-in replaces it")
        target = find_target(account, settings, vault)
        if remote:
            sign_in_remotely(target, database, find_link_address(address, data))
        elif account.site == _SANDBOX:
            target.keep(database, _sign_in_to_sandbox(target))
        else:
            target.keep(database, _sign_in_here(target))


def _sign_in_here(target: SignInTarget) -> str:
    """Open a window on this desktop and return the proven storage state. Raises RequestRefusedError."""
    name, settings = target.account.name, target.settings
    if sys.platform == "linux" and not _SCREENS & set(browser_environment(headless=False)):
        raise RequestRefusedError(
            "there is no screen here to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set): "
            f"`rapport account sign-in {name} --remote` shows the window in your own browser, and `rapport "
            f"account import-state {name} FILE` takes the session of a browser that is signed in"
        )
    minutes = TIME_LIMIT.seconds // 60
    print_text(f"a window opens: sign in there within {minutes} minutes. Ctrl-C ends it and keeps nothing")
    with (
        defer_interrupts() as interrupts,
        BrowserPool(
            chromium=settings.chromium, headless=False, timeout=settings.browser_timeout, load_media=True
        ) as pool,
        show_wait("waiting until you have signed in") as wait,
    ):
        target.wait(pool, interrupts)
        wait.what = "checking that a new window is signed in too"
        return target.prove(pool)


def _sign_in_to_sandbox(target: SignInTarget) -> str:
    """Type a member's public password and return the proven storage state. Raises RequestRefusedError."""
    settings, member = target.settings, MEMBERS.get(target.account.name)
    if member is None:
        raise RequestRefusedError(
            f"the practice network has no member {target.account.name!r}; it has {', '.join(MEMBERS)}"
        )
    if settings.sandbox_url is None:
        raise missing_for_site("sandbox_url")
    with (
        show_wait("signing in to the practice network in a browser"),
        BrowserPool(
            chromium=settings.chromium, headless=settings.headless, timeout=settings.browser_timeout
        ) as pool,
    ):
        page = pool.page_for(WINDOW, None)
        sign_in_to_sandbox(page, settings.sandbox_url, member.login, member.password)
        if not target.is_signed_in(page):
            raise RequestRefusedError("the practice network did not accept the sign-in")
        return target.prove(pool)
