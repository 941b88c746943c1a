"""`rapport account import-state`: take over the session of a browser that is signed in."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from api_stub.cli.accounts.sign_in_target import WINDOW, SignInTarget, find_target
from api_stub.cli.context import DEFAULT_DATA, AccountArgument, DataDir, open_database, require_account
from api_stub.cli.formatting import print_text
from api_stub.cli.screen.waiting import show_wait
from api_stub.cli.servers.local_servers import load_settings
from worker.browser.pool import BrowserPool
from worker.errors import RequestRefusedError, TryAgainError
from worker.files import open_regular_file
from worker.secrets import Vault
from worker.sign_in.storage_state import MAX_BYTES, parse_export


def import_state(
    name: AccountArgument,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What the browser exported; - for standard input.")
    ],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Sign an account in with the exported session of another browser; prefer `rapport account sign-in`.

    FILE is Playwright's storage state, or a list of cookies as JSON, as browser extensions export it. Only
    the site's own part is kept, encrypted, and only if a fresh window is signed in with it. Delete the file
    afterwards: whoever has it is signed in as you.
    """
    exported = _read(file)
    with open_database(data) as database:
        settings = load_settings(data)
        vault = Vault(settings.required("secret_keys"))
        with database.transaction() as session:
            account = require_account(session, name)
        target = find_target(account, settings, vault)
        state = parse_export(exported, target.is_own)
        _prove(target, state)
        target.keep(database, state)
    if str(file) != "-":
        print_text(f"now delete {file}: whoever has it is signed in as you")


def _prove(target: SignInTarget, state: str) -> None:
    """Raise RequestRefusedError unless a fresh window with this state is signed in."""
    settings = target.settings
    with (
        show_wait("checking that a new window is signed in with it"),
        BrowserPool(
            chromium=settings.chromium, headless=settings.headless, timeout=settings.browser_timeout
        ) as pool,
    ):
        try:
            page = pool.page_for(WINDOW, state)
        except TryAgainError:
            raise RequestRefusedError(
                "the browser refuses this session: a cookie or another part has a form that no browser "
                "exports. Nothing was kept"
            ) from None
        if not target.is_signed_in(page):
            raise RequestRefusedError(
                f"{target.account.site} doesn't accept this session: it has expired, was signed out, or "
                "lacks a part. Nothing was kept; export it again from a window that is signed in"
            )


def _read(file: Path) -> bytes:
    """Return the content, at most one byte too long. Raises RequestRefusedError if it can't be read."""
    if str(file) == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with open(file, "rb", opener=open_regular_file) as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise RequestRefusedError(f"{file} can't be read: {error.strerror}") from None
