"""`rapport secrets`: the keys that browser sessions and subscribed addresses are encrypted with."""

import sys

import typer
from cryptography.fernet import Fernet

from api_stub.cli.context import DEFAULT_DATA, DataDir, open_database
from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.formatting import format_count, print_text
from api_stub.cli.local_servers import load_settings
from api_stub.cli.terminal import Console
from tasks.sessions import reseal_sessions
from worker.rules.subscriptions.readings import WHAT_HAPPENED, ReadFailure
from worker.secrets import SESSION_UNREADABLE, Vault

app = typer.Typer(help="Encryption keys.", no_args_is_help=True)


@app.command("new-key")
def new_key() -> None:
    """Print a new key for RAPPORT_SECRET_KEYS. To rotate, put it first and keep the old ones behind it."""
    Console().print(Fernet.generate_key().decode())


@app.command()
def rotate(data: DataDir = DEFAULT_DATA) -> None:
    """Encrypt every session and address again with the first key of RAPPORT_SECRET_KEYS, to retire old keys.

    First put the new key in front of the old ones and restart the browser workers. Workers may run
    meanwhile. A session that no key decrypts stays as it is; the command then exits with 4.
    """
    with open_database(data) as database:
        vault = Vault(load_settings(data).required("secret_keys"))
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
    if rotated.unopened or rotated.unopened_sources:
        print_text("keep the old keys until these are settled")
        sys.exit(ExitCode.FOUND)
    print_text(
        "the keys behind the first one are no longer needed: remove them and restart the browser workers"
    )
