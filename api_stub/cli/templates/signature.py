"""`rapport templates signature`: what ends each greeting of an account."""

import json
from typing import Annotated

import typer

from api_stub.cli.context import DEFAULT_DATA, AccountArgument, AsJson, DataDir, open_session, require_account
from api_stub.cli.formatting import print_json, print_text
from db.store.campaigns import template_states, templates
from db.store.people import accounts
from worker.errors import RequestRefusedError
from worker.rules.messages.approval import TextRefusedError
from worker.rules.messages.signatures import (
    MAX_SIGNATURE_CHARACTERS,
    SIGNATURE_LINES,
    validate_signature,
)


def signature(
    account: AccountArgument,
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT",
            help=f"The signature: at most {MAX_SIGNATURE_CHARACTERS} characters on {SIGNATURE_LINES} lines. "
            "Without it, the current one is shown.",
        ),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove it.")] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show, set or remove the signature of an account. It ends each greeting, on lines of its own.

    Planned and approved greetings keep their text; those that are planned from now on have the new signature.
    """
    if text is not None and remove:
        raise RequestRefusedError("give a signature or --remove, not both")
    with open_session(data) as session:
        owner = require_account(session, account)
        new = owner.signature if text is None else _validate(text)
        new = "" if remove else new
        if new != owner.signature:
            accounts.set_signature(session, owner.id, new)
        too_long = [
            template.id
            for template in templates.list_usable_templates(session, owner.id)
            if template_states.becomes_too_long(template, new)
        ]
    if as_json:
        print_json(json.dumps({"account": account, "signature": new}))
    elif not new:
        print_text(f"account {account} has no signature")
    else:
        print_text(f"each greeting of account {account} ends with:")
        print_text(new, "bold")
    if too_long and not as_json:
        numbers = ", ".join(map(str, too_long))
        print_text(
            f"note: too long with it for people with long names, who don't get it: template {numbers}",
            "yellow",
        )


def _validate(text: str) -> str:
    try:
        return validate_signature(text)
    except TextRefusedError as refused:
        raise RequestRefusedError(f"signature: {refused}") from refused
