"""`rapport schedule`: campaigns that start by themselves."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from cronsim import CronSimError
from rich.table import Table
from rich.text import Text

from api_stub.cli.campaigns.input_files import read_options
from api_stub.cli.campaigns.start import validate_model
from api_stub.cli.context import DEFAULT_DATA, DataDir, open_database, require_account
from api_stub.cli.formatting import print_text
from api_stub.cli.terminal import Console
from api_stub.request_checks import check_campaign_request
from db.store.campaigns import schedules
from tasks.contract import CAMPAIGN_OPTIONS, CampaignOptions
from worker import clock
from worker.errors import RequestRefusedError
from worker.rules.model import CampaignKind
from worker.rules.schedule_times import fire_times

app = typer.Typer(
    help="Schedules: campaigns that start by themselves, at times of the account's own zone.",
    no_args_is_help=True,
)

Account = Annotated[str, typer.Argument(help="The account's name.")]
KindArgument = Annotated[CampaignKind, typer.Argument(metavar="KIND", help=f"{', '.join(CampaignKind)}.")]

_FIRES_SHOWN = 3
_CRON_FIELDS = 5


@app.command("set")
def set_schedule(
    account: Account,
    kind: KindArgument,
    *,
    cron: Annotated[
        str, typer.Option(help='Minute, hour, day, month, weekday, such as "0 9 * * 1-5": at 9 on weekdays.')
    ],
    options: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json", help="The campaign's options, as docs/tasks.md lists them; else defaults."
        ),
    ] = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Let campaigns of a kind start by themselves. It replaces the account's schedule of this kind."""
    wanted = _read_options(kind, options)
    with open_database(data) as database, database.transaction() as session:
        record = require_account(session, account)
        check_campaign_request(session, record, wanted)
        coming = _next_fires(cron, record.zone)
        schedules.save_schedule(
            session, account_id=record.id, kind=kind, cron=cron,
            options=wanted.model_dump(mode="json", exclude_none=True), next_fire_at=coming[0],
        )  # fmt: skip
    told = "; ".join(f"{fire.astimezone(record.zone):%a %d %b %Y %H:%M}" for fire in coming)
    print_text(f"{kind} campaigns of {account} start at ({record.zone.key}): {told} and so on")


@app.command("list")
def list_schedules(
    account: Annotated[str | None, typer.Option(help="Only this account's.")] = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List the schedules, and when each starts its next campaign in its account's zone."""
    with open_database(data) as database, database.transaction() as session:
        found = schedules.list_schedules(session, account=account)
    table = Table("account", "kind", "cron", "next", "options", box=None, pad_edge=False)
    for line in found:
        next_fire = f"{line.next_fire_at.astimezone(line.zone):%Y-%m-%d %H:%M} {line.zone.key}"
        told = ", ".join(f"{name} {value}" for name, value in sorted(line.options.items()))
        table.add_row(
            line.account,
            line.kind,
            line.cron,
            next_fire if line.enabled else "off",
            Text(told or "defaults", overflow="fold"),
        )
    hint = 'nothing starts by itself; to let it: rapport schedule set ACCOUNT birthday --cron "0 9 * * *"'
    Console().print(table if found else Text(hint), soft_wrap=not found)


@app.command()
def off(account: Account, kind: KindArgument, data: DataDir = DEFAULT_DATA) -> None:
    """Let no more campaigns of a kind start by themselves. Those that have started go on."""
    with open_database(data) as database, database.transaction() as session:
        record = require_account(session, account)
        if not schedules.disable_schedule(session, record.id, kind):
            raise RequestRefusedError(f"no {kind} campaign of {account} starts by itself")
    print_text(f"{kind} campaigns of {account} start by themselves no more")


def _read_options(kind: CampaignKind, path: Path | None) -> CampaignOptions:
    """Return the options of a file, checked as the task will. Raises RequestRefusedError naming the field."""
    try:
        return validate_model(CAMPAIGN_OPTIONS[kind], **(read_options(path) if path is not None else {}))
    except RequestRefusedError as error:
        if path is None:
            raise RequestRefusedError(f"a {kind} campaign needs --options: {error}") from None
        where = "" if str(error).startswith(path.name) else f"{path.name}: "
        raise RequestRefusedError(f"{where}{error}") from None


def _next_fires(cron: str, zone: ZoneInfo) -> Sequence[datetime]:
    """Return the next fires. Raises RequestRefusedError where it is no cron expression, or never fires."""
    try:
        if len(cron.split()) != _CRON_FIELDS:  # the library would take a sixth for seconds
            raise CronSimError("Wrong number of fields")  # noqa: TRY301 -- one refusal for both
        coming = list(islice(fire_times(cron, zone, clock.now()), _FIRES_SHOWN))
    except CronSimError as error:
        raise RequestRefusedError(
            f"{cron!r} is no cron expression: {error}; five fields are wanted (minute, hour, day, month, "
            'weekday), such as "0 9 * * 1-5"'
        ) from None
    if not coming:
        raise RequestRefusedError(f"{cron!r} never comes: no such day is in any month")
    return coming
