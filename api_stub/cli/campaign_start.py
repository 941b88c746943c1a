"""`rapport campaign birthday`: start one, or see what it would send."""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api_stub.cli.context import DEFAULT_DATA, DataDir, opened, settings_of, the_account
from api_stub.cli.summary_display import preview
from api_stub.cli.words import in_words, say
from api_stub.client import Client
from db.engine import Database
from db.store import campaigns, overview
from db.store.campaigns import CampaignRecord
from tasks.contract import BIRTHDAY_CAMPAIGN, BirthdayCampaign
from worker.clock import monotonic_seconds
from worker.errors import RequestRefusedError
from worker.rules.model import ActionState, CampaignState

PATIENCE = timedelta(minutes=3)
"""Reading a birthdays page takes seconds; a busy worker may first have to finish an action."""

_LOOK_EVERY = timedelta(milliseconds=200)


def birthday(
    account: Annotated[str, typer.Argument(help="The account's name.")],
    *,
    late_days: Annotated[
        int, typer.Option(min=0, max=10, help="Also greet birthdays of so many days ago.")
    ] = 3,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show who would get which text, and why others get none.")
    ] = False,
    approval: Annotated[
        bool, typer.Option("--approval", help="Let each greeting wait for `rapport review`.")
    ] = False,
    fallback_language: Annotated[
        str, typer.Option(help="Language (two letters) where a person's is not known.")
    ] = "en",
    keep_replies: Annotated[
        bool, typer.Option("--keep-replies", help="Also store what people answer, not only that they did.")
    ] = False,
    read_site: Annotated[
        bool, typer.Option(help="Read the site's birthdays page first, or go by the contacts that are known.")
    ] = True,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Greet today's and the last days' birthdays. Workers do it; this waits for the plan and shows it.

    With --dry-run nothing is planned, sent or counted.
    """
    campaign_id = uuid4()
    try:
        asked = BirthdayCampaign(
            account=account, campaign_id=campaign_id, late_days=late_days, dry_run=dry_run,
            approval=approval, fallback_language=fallback_language, keep_replies=keep_replies,
            read_site=read_site,
        )  # fmt: skip
    except ValidationError as error:
        fault = error.errors()[0]
        raise RequestRefusedError(f"{fault['loc'][0]}: {fault['msg']}") from None
    with opened(data) as database:
        with database.transaction() as session:
            the_account(session, account)
        _ask(data, asked)
        campaign = _wait(database, asked)
        with database.transaction() as session:
            lines = overview.campaign_actions(session, campaign.id)
    if campaign.state is CampaignState.FAILED:
        why = in_words(campaign.reason) if campaign.reason else "it failed"
        raise RequestRefusedError(f"the campaign could not be planned: {why}; {campaign.detail}")
    console = Console()
    if campaign.preview is not None:
        console.print(preview(campaign.preview))
        say(f"nothing was planned or sent; to do it: rapport campaign birthday {account}")
        return
    console.print(_planned(lines))
    say(_next(account, campaign, lines))


def _ask(data: Path, asked: BirthdayCampaign) -> None:
    client = Client(settings_of(data).redis_url.get_secret_value())
    try:
        client.send(BIRTHDAY_CAMPAIGN, asked, correlation_id=str(asked.campaign_id))
    finally:
        client.close()


def _wait(database: Database, asked: BirthdayCampaign) -> CampaignRecord:
    """Wait until the campaign is planned. Raises RequestRefusedError where that takes too long."""
    campaign: CampaignRecord | None = None
    until = monotonic_seconds() + PATIENCE.total_seconds()
    with Console(stderr=True).status("waiting for a worker to take it") as status:
        while monotonic_seconds() < until:
            with database.transaction() as session:
                campaign = campaigns.get(session, asked.campaign_id) if asked.campaign_id else None
            if campaign is not None and campaign.state is not CampaignState.READING:
                return campaign
            if campaign is not None:
                status.update("reading the site's birthdays page")
            time.sleep(_LOOK_EVERY.total_seconds())
    stuck = "no worker has taken it" if campaign is None else "its site was not read"
    raise RequestRefusedError(
        f"{stuck} yet: are workers running (`rapport up`)? It goes on by itself; "
        f"rapport campaign list shows {str(asked.campaign_id)[:8]}"
    )


def _planned(lines: Sequence[overview.ActionLine]) -> Table | Text:
    if not lines:
        return Text("nobody has a birthday in these days, or all of them are planned already")
    table = Table("who", "birthday", "text", "state", expand=True)
    for line in lines:
        why = f": {in_words(line.reason)}" if line.reason else ""
        table.add_row(
            Text(line.contact, overflow="fold"),
            str(line.occasion_on),
            Text(line.message),
            Text(f"{line.state}{why}"),
        )
    return table


def _next(account: str, campaign: CampaignRecord, lines: Sequence[overview.ActionLine]) -> str:
    counts = Counter(line.state for line in lines)
    told = ", ".join(f"{count} {state}" for state, count in counts.items()) or "nothing to do"
    if counts[ActionState.PROPOSED]:
        return f"campaign {str(campaign.id)[:8]}: {told}; next: rapport review"
    return f"campaign {str(campaign.id)[:8]}: {told}; rapport why {account} says what happens when"
