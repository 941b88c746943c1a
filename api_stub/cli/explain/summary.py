"""`rapport summary`: the summary of an account's day."""

from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from api_stub.cli.contacts.source_failures import list_failure_lines
from api_stub.cli.context import DEFAULT_DATA, AsJson, DataDir, open_session, print_answer, require_account
from api_stub.cli.explain.halts import list_halt_lines
from api_stub.cli.explain.sign_ins import list_expiry_lines
from api_stub.cli.explain.summary_display import render_day_summary
from api_stub.cli.explain.upkeep import list_late_lines
from api_stub.cli.formatting import print_text
from api_stub.cli.terminal import Console
from api_stub.responses.forecast import DEFAULT_LATE_DAYS
from api_stub.responses.history import build_summary_answer
from db.store.people import accounts, holds
from db.store.people.accounts import AccountRecord
from db.store.reports import halts
from db.store.reports import summary as store
from db.store.reports.forecasts.birthday_forecast import OutlookCounts, count_outlook
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
        days = [
            (store.summarise_day(session, each, on.date() if on else None), _count_outlook(session, each, on))
            for each in wanted
        ]
        lines = (
            list_halt_lines(session, account),
            list_expiry_lines(session, account),
            list_late_lines(session),
            list_failure_lines(session, account),
        )
        urgent = [line for each in lines for line in each] if on is None else []
        away = [holds.list_away(session, each.id) if on is None else () for each in wanted]
        answers = [
            build_summary_answer(day, halts.list_halts(session, each) if on is None else (), outlook, absent)
            for each, (day, outlook), absent in zip(wanted, days, away, strict=True)
        ]
    if not days:
        raise RequestRefusedError("there is no account yet; add one with `rapport account add NAME`")
    if as_json:
        print_answer(answers)
        return
    for line in urgent:
        print_text(line, "bold red")
    console = Console()
    for (day, outlook), absent in zip(days, away, strict=True):
        console.print(render_day_summary(day, outlook, absent))


def _count_outlook(session: Session, account: AccountRecord, on: datetime | None) -> OutlookCounts | None:
    if on is not None:
        return None  # a past day
    return count_outlook(session, account, default_late_days=DEFAULT_LATE_DAYS)
