"""`rapport contacts hold`: keep a person out of every campaign until a date."""

from datetime import datetime
from typing import Annotated

import typer

from api_stub.cli.context import DEFAULT_DATA, DataDir, get_terminal_user, open_session
from api_stub.cli.formatting import print_text
from api_stub.cli.lookup import Who, WhoseAccount, choose_person
from api_stub.cli.wording import format_day
from db.store.people import holds
from worker.errors import RequestRefusedError
from worker.rules.names.hand_edits import EditRefusedError, check_hold_reason
from worker.rules.wording.counts import format_count


def hold_contact(
    who: Who,
    *,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="The first day on which the person may be reached again, in the account's zone.",
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why, for yourself: `rapport why` shows it.")] = None,
    release: Annotated[bool, typer.Option("--release", help="End the hold now.")] = False,
    account: WhoseAccount = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Keep a person out of every campaign until a date. Checked until right before a click.

    Greetings and visits that are planned wait for that day; a greeting whose last day is earlier expires. The
    hold ends by itself. It applies to all accounts that know the person under this address.

    Example:
    rapport contacts hold "ann lee" --until 2026-12-08 --reason "on parental leave"

    """
    if (until is None) is not release or (release and reason is not None):
        raise RequestRefusedError("give --until YYYY-MM-DD, with or without --reason, or --release alone")
    try:
        why = check_hold_reason(reason or "")
    except EditRefusedError as error:
        raise RequestRefusedError(str(error)) from None
    by = get_terminal_user()
    found = choose_person(data, who, account=account)
    with open_session(data) as session:
        outcomes = []
        for person in sorted(found, key=lambda each: each.account_id):
            if until is None:
                ended = holds.release_contact(session, person.id, by=by)
                outcomes.append("is no longer on hold" if ended else "was not on hold")
                continue
            waiting = holds.hold_contact(session, person.id, until.date(), reason=why, by=by)
            count = format_count(waiting, "planned action waits", "planned actions wait")
            outcomes.append(
                f"is on hold until {format_day(until.date())}" + (f"; {count}" if waiting else "")
            )
    for person, outcome in zip(sorted(found, key=lambda each: each.account_id), outcomes, strict=True):
        print_text(f"{person.full_name} (account {person.account}) {outcome}")
