"""`rapport summary`: the summary of an account's day."""

from datetime import datetime
from typing import Annotated

import typer

from api_stub.cli.context import DEFAULT_DATA, AsJson, DataDir, open_session, print_answer, require_account
from api_stub.cli.summary_display import render_day_summary
from api_stub.cli.terminal import Console
from api_stub.responses.history import SummaryOut
from db.store.people import accounts
from db.store.reports import summary as store
from worker.errors import RequestRefusedError


def summary(
    account: Annotated[
        str | None, typer.Argument(metavar="[ACCOUNT]", help="The account's name; all accounts if not given.")
    ] = None,
    on: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="A day in the account's zone; today if not given.",
        ),
    ] = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Summarise a day: greetings sent, who was left out and why, what waits, who answered.

    Past events are counted from the ledger. For a day that is over, open actions are shown as they were
    recorded at its end.

    Example:
    rapport summary demo --on 2026-11-23

    """
    with open_session(data, snapshot=True) as session:
        wanted = [require_account(session, account)] if account else accounts.list_accounts(session)
        days = [store.summarise_day(session, each, on.date() if on else None) for each in wanted]
    if not days:
        raise RequestRefusedError("there is no account yet; add one with `rapport account add NAME`")
    if as_json:
        print_answer([SummaryOut.model_validate(day) for day in days])
        return
    console = Console()
    for day in days:
        console.print(render_day_summary(day))
