"""`rapport account`: list, pause and resume accounts; other modules add, sign in and remove them."""

from typing import Annotated

import typer

from api_stub.checks.words import describe_age
from api_stub.cli.accounts import add, first_look, import_state, remove, sign_in
from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountArgument,
    AsJson,
    DataDir,
    open_session,
    print_answer,
    require_account,
)
from api_stub.cli.formatting import create_table, print_text
from api_stub.cli.terminal import Console
from api_stub.explain.halts import advise_sign_in
from api_stub.responses.accounts import build_account_answer
from db.store.actions import control
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from worker import clock
from worker.errors import RequestRefusedError
from worker.rules.model import AccountStatus
from worker.rules.wording.reasons import describe_reason

app = typer.Typer(
    help="Accounts: add, list, sign in, look at a first message, pause, resume, remove.", no_args_is_help=True
)
app.command("add")(add.add_account)
app.command("sign-in")(sign_in.sign_in)
app.command("import-state")(import_state.import_state)
app.command("remove")(remove.remove_account)
app.command("first-look")(first_look.first_look)

Name = AccountArgument


@app.command("list")
def list_accounts(as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """List the accounts, and why one is paused or stopped."""
    with open_session(data) as session:
        found = accounts.list_accounts(session)
    now = clock.now()
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
            describe_age(account, now, otherwise="yes") if account.session else "not yet",
            _format_retention(account),
        )
    Console().print(table)


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
