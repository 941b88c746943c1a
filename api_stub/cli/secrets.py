"""`rapport secrets`: the keys that sessions, subscribed addresses and notices' URLs are encrypted with."""

import sys

import typer
from cryptography.fernet import Fernet

from api_stub.cli.context import DEFAULT_DATA, DataDir, open_database
from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.formatting import print_text
from api_stub.cli.servers.local_servers import load_settings
from api_stub.cli.terminal import Console
from db.engine import Database
from tasks.notices.targets import reseal_targets
from tasks.sessions import reseal_sessions
from worker.rules.subscriptions.readings import WHAT_HAPPENED, ReadFailure
from worker.rules.wording.counts import format_count
from worker.secrets import NOTICE_URL_UNREADABLE, SESSION_UNREADABLE, Vault, open_notice_vault

app = typer.Typer(help="Encryption keys.", no_args_is_help=True)


@app.command("new-key")
def new_key() -> None:
    """Print a new key for RAPPORT_SECRET_KEYS, RAPPORT_NOTICE_KEYS or RAPPORT_CONSOLE_KEYS.

    To rotate, put it first and keep the old ones behind it.
    """
    Console().print(Fernet.generate_key().decode())


@app.command()
def rotate(data: DataDir = DEFAULT_DATA) -> None:
    """Encrypt everything again with the first key, to retire old ones: sessions, addresses, notices' URLs.

    First put the new key in front of the old ones, in RAPPORT_SECRET_KEYS or RAPPORT_NOTICE_KEYS, and restart
    the browser workers or the notifier. They may run meanwhile. What no key decrypts stays as it is; the
    command then exits with 4.
    """
    settings = load_settings(data)
    if settings.secret_keys is None and settings.notice_keys is None:
        settings.required("secret_keys")
    with open_database(data) as database:
        is_whole = True
        if settings.secret_keys is not None:
            is_whole = _rotate_sessions(database, Vault(settings.secret_keys))
        if settings.notice_keys is not None:
            is_whole = _rotate_targets(database, open_notice_vault(settings.notice_keys)) and is_whole
    if not is_whole:
        print_text("keep the old keys until these are settled")
        sys.exit(ExitCode.FOUND)
    print_text(
        "the keys behind the first one are no longer needed: remove them and restart the browser workers and "
        "the notifier"
    )


def _rotate_sessions(database: Database, vault: Vault) -> bool:
    """Encrypt sessions and addresses again; return whether a key decrypted each of them."""
    rotated = reseal_sessions(database, vault)
    print_text(f"{format_count(rotated.sealed, 'session is', 'sessions are')} encrypted with the first key")
    if rotated.sources:
        print_text(f"so {format_count(rotated.sources, 'subscription is', 'subscriptions are')}")
    for name in rotated.unopened:
        print_text(
            f"account {name}: {SESSION_UNREADABLE}. Add that key, or: `rapport account sign-in {name}`"
        )
    for each in rotated.unopened_sources:
        unreadable = WHAT_HAPPENED[ReadFailure.KEYS]
        print_text(f"subscription {each}: {unreadable}. To end it: `rapport import unsubscribe {each}`")
    return not (rotated.unopened or rotated.unopened_sources)


def _rotate_targets(database: Database, vault: Vault) -> bool:
    """Encrypt the URLs of notices' targets again; return whether a key decrypted each of them."""
    sealed, unopened = reseal_targets(database, vault)
    if sealed:
        print_text(f"{format_count(sealed, 'target of notices is', 'targets of notices are')} encrypted too")
    for name in unopened:
        print_text(f"target {name}: {NOTICE_URL_UNREADABLE}. To remove it: `rapport notify remove {name}`")
    return not unopened
