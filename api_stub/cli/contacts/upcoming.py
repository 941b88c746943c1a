"""`rapport birthdays`: the birthdays of the coming days, and whether each person would be greeted."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from pydantic_core import to_json

from api_stub.cli.context import DEFAULT_DATA, AsJson, DataDir, open_session, require_account
from api_stub.cli.formatting import create_table, folding_text, print_json, print_text
from api_stub.cli.terminal import Console
from api_stub.responses.forecast import DEFAULT_LATE_DAYS
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.reports.forecasts import upcoming_birthdays as store
from db.store.reports.forecasts.upcoming_birthdays import MAX_DAYS, UpcomingBirthday
from worker.errors import Reason
from worker.rules.wording.greetings import describe_greeting


def birthdays(
    account: Annotated[str | None, typer.Argument(help="Only this account's.")] = None,
    days: Annotated[
        int, typer.Option("--next", metavar="DAYS", min=1, max=MAX_DAYS, help="Today and the days after it.")
    ] = 14,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List the birthdays of the coming days: who, when, and whether and when a greeting would be sent.

    Changes nothing. Times are in the account's zone. `rapport forecast` has the limits behind the times.
    """
    with open_session(data, snapshot=True) as session:
        owners = [require_account(session, account)] if account else accounts.list_accounts(session)
        found = [
            (
                owner,
                store.list_upcoming_birthdays(session, owner, days=days, default_late_days=DEFAULT_LATE_DAYS),
                store.has_birthday_schedule(session, owner.id),
            )
            for owner in owners
        ]
    if as_json:
        listed = [asdict(birthday) for _, upcoming, _ in found for birthday in upcoming]
        print_json(to_json(listed, indent=2).decode())
        return
    for owner, upcoming, scheduled in found:
        _print_account(owner, upcoming, days=days, scheduled=scheduled)
    if not found:
        print_text("there is no account yet; add one with `rapport account add NAME`")


def _print_account(
    owner: AccountRecord, upcoming: Sequence[UpcomingBirthday], *, days: int, scheduled: bool
) -> None:
    if not upcoming:
        print_text(f"account {owner.name}: no birthday in the next {days} days")
        return
    print_text(f"account {owner.name}, times in {owner.zone.key}", "bold")
    table = create_table("birthday", "in", "who", "turns", "called", "greeting")
    for birthday in upcoming:
        table.add_row(
            f"{birthday.on:%a %d %b}",
            "today" if not birthday.days else f"{birthday.days} d",
            folding_text(birthday.full_name),
            str(birthday.turns or ""),
            folding_text(birthday.call_by or "?"),
            folding_text(_describe_greeting(owner, birthday)),
        )
    Console().print(table)
    if any(birthday.left_out is Reason.NO_NAME for birthday in upcoming):
        print_text("to set a missing name: `rapport contacts call WHO NAME`", "dim")
    if not scheduled:
        print_text(
            "no birthday campaign is scheduled, so each greeting needs one on its day: `rapport schedule set "
            f'{owner.name} birthday --cron "0 9 * * *"`',
            "dim",
        )


def _describe_greeting(owner: AccountRecord, birthday: UpcomingBirthday) -> str:
    at = birthday.greeting_at
    when = f"{at.astimezone(owner.zone):%a %d %b %H:%M}" if at else None
    return describe_greeting(birthday.planned_as, birthday.left_out, when)
