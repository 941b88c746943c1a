"""`rapport secrets`: the keys that browser sessions are encrypted with."""

import sys

import typer
from cryptography.fernet import Fernet

from api_stub.cli.context import DEFAULT_DATA, DataDir, opened, settings_of
from api_stub.cli.formatting import how_many, say
from api_stub.cli.terminal import Console
from tasks.sessions import seal_anew
from worker.secrets import UNOPENED, Vault

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
    vault = Vault(settings_of(data).required("secret_keys"))
    with opened(data) as database:
        rotated = seal_anew(database, vault)
    say(f"{how_many(rotated.sealed, 'session is', 'sessions are')} sealed with the first key")
    for name in rotated.unopened:
        say(f"account {name}: {UNOPENED}. Add that key, or: rapport account sign-in {name}")
    if rotated.unopened:
        say("keep the old keys until these are settled")
        sys.exit(1)
    say("the keys behind the first one are needed no more: take them out, and start the browser workers anew")
