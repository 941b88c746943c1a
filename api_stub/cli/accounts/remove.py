"""`rapport account remove`: remove an account with everything that it knows of people."""

from typing import Annotated

import typer

from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountArgument,
    DataDir,
    open_database,
    require_account,
)
from api_stub.cli.formatting import format_counts, print_text
from api_stub.cli.screen.prompts import require_typed_yes
from api_stub.cli.servers.local_servers import load_settings
from db.store.actions import control
from db.store.privacy import account_removal
from db.store.privacy.account_removal import AccountData
from worker.screenshots import delete_account_evidence


def remove_account(
    name: AccountArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask for confirmation.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Remove an account: its contacts, plans, history, sign-in and screenshots.

    Its quota and its audit trail stay, and hashes of whom it greeted or must not contact. If you add it again
    under the same name, nobody is greeted twice. The account is paused first; while a worker or an import
    works for it, nothing else is changed.
    """
    with open_database(data) as database:
        with database.transaction() as session:
            account = require_account(session, name)
            found = account_removal.count_account_data(session, account)
        if not yes:
            require_typed_yes(
                f"This removes account {name} on {account.site} for good: {_describe(found)}.",
                "Type yes to remove it",
                refusal="not confirmed, so nothing was removed (--yes skips the question)",
            )
        with database.transaction() as session:
            control.pause_account(session, account.id)
        with database.transaction() as session:
            account_removal.remove_account(session, account)
        # After the commit, because a file can't be rolled back.
        pictures = delete_account_evidence(load_settings(data).evidence_dir, account.id)
    shots = format_counts((pictures, "screenshot or trace", "screenshots and traces"))
    print_text(f"account {name} is removed: {_describe(found)}{f', {shots}' if shots else ''}")
    if found.sent:
        print_text(
            "if you add it again, give it the same name, so that nobody is greeted twice for one birthday",
            "dim",
        )


def _describe(found: AccountData) -> str:
    counts = format_counts(
        (found.contacts, "contact", "contacts"),
        (found.campaigns, "campaign", "campaigns"),
        (found.actions, "action", "actions"),
        (found.interactions, "interaction", "interactions"),
        (found.schedules, "schedule", "schedules"),
        (found.saved_searches, "saved search", "saved searches"),
        (found.templates, "template of its own", "templates of its own"),
        (found.imports, "import", "imports"),
        (found.subscriptions, "subscription", "subscriptions"),
    )
    opened = f" ({found.open_actions} of the actions not done yet)" if found.open_actions else ""
    session = "the sign-in" if found.signed_in else ""
    return ", ".join(filter(None, (f"{counts}{opened}", session))) or "it has no data"
