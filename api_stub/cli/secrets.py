"""`rapport secrets`: the keys that browser sessions are encrypted with."""

import sys

import typer
from cryptography.fernet import Fernet

from api_stub.cli.context import DEFAULT_DATA, DataDir, load_settings, open_database
from api_stub.cli.formatting import format_count, print_text
from api_stub.cli.terminal import Console
from tasks.sessions import reseal_sessions
from worker.secrets import SESSION_UNREADABLE, Vault

app = typer.Typer(help="Keys.", no_args_is_help=True)


@app.command("new-key")
def new_key() -> None:
    """Print a fresh key for RAPPORT_SECRET_KEYS. Put it first to rotate; keep the old ones behind it."""
    Console().print(Fernet.generate_key().decode())


@app.command()
def rotate(data: DataDir = DEFAULT_DATA) -> None:
    """Seal every stored session anew with the first key of RAPPORT_SECRET_KEYS, so that old keys can go.

    Before: put the new key first, keep the old ones behind it, and start the browser workers anew. Safe
    while they run. What no key opens stays as it is, and ends this with 1.
    """
    vault = Vault(load_settings(data).required("secret_keys"))
    with open_database(data) as database:
        rotated = reseal_sessions(database, vault)
    print_text(f"{format_count(rotated.sealed, 'session is', 'sessions are')} sealed with the first key")
    for name in rotated.unopened:
        print_text(f"account {name}: {SESSION_UNREADABLE}. Add that key, or: rapport account sign-in {name}")
    if rotated.unopened:
        print_text("keep the old keys until these are settled")
        sys.exit(1)
    print_text(
        "the keys behind the first one are needed no more: take them out, and start the browser workers anew"
    )
