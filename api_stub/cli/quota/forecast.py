"""`rapport forecast`: who is reached when, and who is late or missed."""

from typing import Annotated

import typer

from api_stub.cli.context import DEFAULT_DATA, AsJson, DataDir, open_database, require_account
from api_stub.cli.explain.halts import list_halt_lines
from api_stub.cli.formatting import print_json, print_text
from api_stub.cli.quota.forecast_display import list_caveats, render_table, render_title, render_verdict
from api_stub.cli.terminal import Console
from api_stub.explain.site_check import list_site_caveats
from api_stub.responses.forecast import DEFAULT_LATE_DAYS, MAX_DAYS, build_forecast_answer
from db.store.reports.forecasts import birthday_forecast as store


def forecast(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's name.")],
    days: Annotated[
        int, typer.Option(min=1, max=MAX_DAYS, help="Forecast the birthdays of this many days, from today.")
    ] = 30,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Forecast when each birthday greeting goes out, under the limits and the warm-up. Changes nothing.

    It applies the quota's own rules from what is used and planned already. Greetings that will be late
    are yellow; people who will be missed, because it is too late by then, are red.

    Example:
    rapport forecast demo --days 60

    """
    with open_database(data) as database, database.snapshot() as session:
        record = require_account(session, account)
        found = store.forecast_birthdays(session, record, days=days, default_late_days=DEFAULT_LATE_DAYS)
        halted = list(list_halt_lines(session, account))
        caveats = list(list_site_caveats(session, record))
    answer = build_forecast_answer(found)
    if as_json:
        print_json(answer.model_dump_json(indent=2))
        return
    console = Console()
    for line in halted:
        print_text(line, "bold red")
    console.print(render_title(found), "")
    for line in (*list_caveats(answer), *caveats):
        print_text(line, "yellow")
    if answer.birthdays:
        console.print(render_table(answer, ascii_only=console.options.ascii_only), "")
    console.print(render_verdict(answer))
