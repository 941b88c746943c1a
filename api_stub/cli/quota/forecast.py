"""`rapport forecast`: who is reached by when, and who would be late."""

from typing import Annotated

import typer

from api_stub.cli.context import DEFAULT_DATA, DataDir, opened, the_account
from api_stub.cli.formatting import say, say_json
from api_stub.cli.quota.forecast_display import caveats, table, title, verdict
from api_stub.cli.terminal import Console
from api_stub.responses.forecast import LATE_DAYS, MOST_DAYS, answer
from db.store.quota import birthday_forecast as store
from db.store.reports import overview


def forecast(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's name.")],
    days: Annotated[
        int, typer.Option(min=1, max=MOST_DAYS, help="For the birthdays of so many days, from today.")
    ] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON, for programs.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Foretell whom birthday greetings reach when, under the limits and the warm-up. Changes nothing.

    The quota's own rule is played forward, from what is used and planned already. Late ones are
    yellow, missed ones red: too many days after their birthday.

    Example:
    rapport forecast demo --days 60

    """
    with opened(data) as database, database.transaction() as session:
        overview.freeze(session)
        record = the_account(session, account)
        found = store.of_account(session, record, days=days, default_late_days=LATE_DAYS)
    told = answer(found)
    if as_json:
        say_json(told.model_dump_json(indent=2))
        return
    console = Console()
    console.print(title(found), "")
    for line in caveats(told):
        say(line, "yellow")
    if told.birthdays:
        console.print(table(told, ascii_only=console.options.ascii_only), "")
    console.print(verdict(told), soft_wrap=True)
