"""`rapport schedule`: campaigns that start at set times."""

from pathlib import Path
from typing import Annotated

import typer

from api_stub.cli.campaigns.input_files import read_options
from api_stub.cli.campaigns.start import validate_model
from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountArgument,
    AccountFilter,
    AsJson,
    DataDir,
    check_account_filter,
    open_session,
    print_answer,
    require_account,
)
from api_stub.cli.formatting import create_table, folding_text, format_time, print_text
from api_stub.cli.terminal import Console
from api_stub.cli.wording import describe_options
from api_stub.request_checks import check_campaign_request
from db.store.campaigns import schedules
from tasks.contract import CAMPAIGN_OPTIONS, CampaignOptions
from worker import clock
from worker.errors import RequestRefusedError
from worker.rules.dates.schedule_times import list_next_fires
from worker.rules.model import CampaignKind

app = typer.Typer(
    help="Schedules: campaigns that start by themselves, at times in the account's zone.",
    no_args_is_help=True,
)

KindArgument = Annotated[CampaignKind, typer.Argument(metavar="KIND", help=f"{', '.join(CampaignKind)}.")]

_FIRES_SHOWN = 3


@app.command("set")
def set_schedule(
    account: AccountArgument,
    kind: KindArgument,
    *,
    cron: Annotated[
        str, typer.Option(help='Minute, hour, day, month, weekday, such as "0 9 * * 1-5": at 9 on weekdays.')
    ],
    options: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="A JSON file of the campaign's options (docs/tasks.md)."),
    ] = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Start campaigns of a kind by a schedule. It replaces the account's schedule of this kind."""
    campaign_options = _read_options(kind, options)
    with open_session(data) as session:
        record = require_account(session, account)
        check_campaign_request(session, record, campaign_options)
        coming = list_next_fires(cron, record.zone, clock.now(), count=_FIRES_SHOWN)
        schedules.save_schedule(
            session, account_id=record.id, kind=kind, cron=cron,
            options=campaign_options.model_dump(mode="json", exclude_none=True), next_fire_at=coming[0],
        )  # fmt: skip
    times = "; ".join(format_time(fire, record.zone) for fire in coming)
    print_text(f"{kind} campaigns of {account} start at {times} and so on")


@app.command("list")
def list_schedules(
    account: AccountFilter = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List the schedules with the next start of each, in its account's zone."""
    with open_session(data) as session:
        check_account_filter(session, account)
        found = schedules.list_schedules(session, account=account)
    if as_json:
        print_answer(found)
        return
    table = create_table("account", "kind", "cron", "next", "options")
    for line in found:
        next_fire = format_time(line.next_fire_at, line.zone)
        options = ", ".join(describe_options(line.options))
        table.add_row(
            line.account,
            line.kind,
            line.cron,
            next_fire if line.enabled else "off",
            folding_text(options or "defaults"),
        )
    hint = 'no campaign is scheduled; to add one: `rapport schedule set ACCOUNT birthday --cron "0 9 * * *"`'
    Console().print(table if found else hint, soft_wrap=not found)


@app.command()
def off(account: AccountArgument, kind: KindArgument, data: DataDir = DEFAULT_DATA) -> None:
    """Remove the schedule of a kind. Campaigns that have started continue."""
    with open_session(data) as session:
        record = require_account(session, account)
        if not schedules.disable_schedule(session, record.id, kind):
            raise RequestRefusedError(f"no {kind} campaign of {account} starts by itself")
    print_text(f"{kind} campaigns of {account} no longer start by themselves")


def _read_options(kind: CampaignKind, path: Path | None) -> CampaignOptions:
    """Read and validate the options of a file. Raises RequestRefusedError that names the wrong field."""
    try:
        return validate_model(CAMPAIGN_OPTIONS[kind], **(read_options(path) if path is not None else {}))
    except RequestRefusedError as error:
        if path is None:
            raise RequestRefusedError(f"a {kind} campaign needs --options: {error}") from None
        where = "" if str(error).startswith(path.name) else f"{path.name}: "
        raise RequestRefusedError(f"{where}{error}") from None
