"""Show the window of a sign-in in the person's own browser, through the HTTP API."""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import redis
from playwright.sync_api import Page
from rich.text import Text

from api_stub.cli.accounts.sign_in_target import SignInTarget, defer_interrupts
from api_stub.cli.formatting import print_text
from api_stub.cli.screen.waiting import show_wait
from api_stub.cli.terminal import Console
from api_stub.stack.interrupts import Interrupts
from api_stub.stack.state_file import read_state
from db.engine import Database
from worker.browser.person_sign_in import TIME_LIMIT
from worker.browser.pool import BrowserPool
from worker.browser.remote_window import RemoteWindow
from worker.errors import RequestRefusedError
from worker.servers.server_address import check_site_url, is_loopback
from worker.sign_in import relay
from worker.sign_in.sealing import KEY_BYTES

_DEFAULT_ADDRESS: Final = "http://127.0.0.1:8000"
"""Where `rapport api` listens, and where Compose publishes it."""
_NOTHING_KEPT: Final = "The sign-in has ended, and nothing was kept. To start again, run the command again."


def find_link_address(given: str | None, data_dir: Path) -> str:
    """Return the address of the HTTP API for the link, without a slash at its end.

    Raises RequestRefusedError unless it is one of HTTPS or of this machine.
    """
    if given is None:
        running = read_state(data_dir)
        return (running.addresses.get("api") if running else None) or _DEFAULT_ADDRESS
    try:
        check_site_url(given)
    except ValueError as error:
        raise RequestRefusedError(f"--address {error}") from None
    parts = urlsplit(given)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise RequestRefusedError(
            "--address must begin with https://, because what you type would cross the network in the clear. "
            "Without a certificate use an SSH tunnel, `ssh -L PORT:127.0.0.1:PORT HOST`, and leave --address "
            "out"
        )
    return given.rstrip("/")


def sign_in_remotely(target: SignInTarget, database: Database, address: str) -> None:
    """Show the window by a one-time link, and keep the proven session.

    Raises RequestRefusedError if nobody signs in in time, or if Redis doesn't answer.
    """
    settings, key = target.settings, secrets.token_bytes(KEY_BYTES)
    with (
        defer_interrupts() as interrupts,
        _open_relay(target) as end,
        BrowserPool(
            chromium=settings.chromium, headless=True, timeout=settings.browser_timeout, load_media=True
        ) as pool,
    ):
        window = RemoteWindow(end, key)
        print_link(f"{address}/sign-in#{end.create_link()}.{urlsafe_b64encode(key).decode().rstrip('=')}")
        last_words = _NOTHING_KEPT
        try:
            state = _wait_and_prove(target, pool, window, interrupts)
            if interrupts.is_pending:
                return  # it is raised at the end of the block
            target.keep(database, state)
            last_words = f"Account {target.account.name} is signed in. You may close this page."
        finally:
            window.tell(last_words, ended=True)


def _wait_and_prove(
    target: SignInTarget, pool: BrowserPool, window: RemoteWindow, interrupts: Interrupts
) -> str:
    with show_wait("waiting until somebody opens the link") as wait:

        def attend(page: Page) -> None:
            window.attend(page)
            if window.was_opened:
                wait.what = "the link is open; waiting until you have signed in"

        target.wait(pool, interrupts, attend)
        wait.what = "checking that a new window is signed in too"
        window.tell(f"{wait.what} …")
        return target.prove(pool)


def print_link(link: str) -> None:
    """Print what a person must know, and the link."""
    opens, ends = (f"{limit / timedelta(minutes=1):.0f} minutes" for limit in (relay.LINK_LIFE, TIME_LIMIT))
    print_text(
        f"open this link within {opens} and sign in there; the sign-in ends after {ends} at the latest. The "
        "link opens once, in one browser, and lets in anyone who has it: give it to nobody. Ctrl-C ends it "
        "and keeps nothing"
    )
    Console().print(Text(link), soft_wrap=True)  # one line, however long: a folded link can't be copied


@contextmanager
def _open_relay(target: SignInTarget) -> Iterator[relay.BrowserEnd]:
    """Open the relay, and end the sign-in with the block. Raises RequestRefusedError if Redis fails."""
    client = relay.connect(target.settings.redis)
    end = relay.BrowserEnd(client)
    try:
        try:
            yield end
        finally:
            end.end()
    except redis.RedisError as error:
        raise RequestRefusedError(
            f"Redis did not answer ({type(error).__name__}), so the window can't be shown and nothing was "
            "kept; `rapport doctor` checks it"
        ) from error
    finally:
        client.close()
