"""`rapport campaign`: start, list, show, pause, resume, cancel."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api_stub.cli.campaigns import birthday, sourcing, visitor
from api_stub.cli.context import DEFAULT_DATA, DataDir, open_database, resolve_id
from api_stub.cli.formatting import describe_reason, format_utc, print_text
from api_stub.cli.summary_display import render_campaign_summary
from api_stub.cli.terminal import Console
from db.store.actions import control
from db.store.actions.control import CampaignVerb
from db.store.campaigns import campaigns
from db.store.reports import overview, summary
from worker.errors import RequestRefusedError

app = typer.Typer(
    help="Campaigns: start one, list and show them, let one wait, go on or end. All times are UTC.",
    no_args_is_help=True,
)
app.command("birthday")(birthday.birthday)
app.command("visitor")(visitor.visitor)
app.command("sourcing")(sourcing.sourcing)

CampaignId = Annotated[
    str,
    typer.Argument(metavar="ID", help="The campaign's id, or as many of its first digits as make it clear."),
]


@app.command("list")
def list_campaigns(
    account: Annotated[str | None, typer.Option(help="Only this account's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, the newest first.")] = 20,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List campaigns, the newest first, and how many of their actions are in which state."""
    with open_database(data) as database, database.transaction() as session:
        lines = overview.list_campaigns(session, limit=limit, account=account)
    table = Table("id", "account", "kind", "state", "actions", "asked for", box=None, pad_edge=False)
    for line in lines:
        state = f"{line.state}: {describe_reason(line.reason)}" if line.reason else line.state
        counts = ", ".join(f"{count} {of}" for of, count in line.actions.items())
        told = counts or ("dry run" if line.options.get("dry_run") else "none")
        table.add_row(str(line.id)[:8], line.account, line.kind, state, told, format_utc(line.created_at))
    Console().print(table if lines else "no campaigns; to start one: rapport campaign birthday ACCOUNT")


@app.command()
def show(campaign: CampaignId, data: DataDir = DEFAULT_DATA) -> None:
    """Show what a campaign came to: sent, left out and why, what waits, who answered."""
    with open_database(data) as database, database.snapshot() as session:
        found = overview.find_campaign_ids(session, campaign)
        campaign_id = resolve_id(found, "campaign", campaign, hint="`rapport campaign list` shows them")
        came_to = summary.summarise_campaign(session, campaign_id)
    if came_to is not None:
        Console().print(render_campaign_summary(came_to))


@app.command()
def pause(campaign: CampaignId, data: DataDir = DEFAULT_DATA) -> None:
    """Let a campaign wait. Nothing is dropped; what may have been sent is still looked at."""
    change_campaign(data, campaign, CampaignVerb.PAUSE)
    print_text(f"campaign {campaign} is paused; next: rapport campaign resume {campaign}")


@app.command()
def resume(campaign: CampaignId, data: DataDir = DEFAULT_DATA) -> None:
    """Let a paused campaign go on."""
    change_campaign(data, campaign, CampaignVerb.RESUME)
    print_text(f"campaign {campaign} goes on")


@app.command()
def cancel(campaign: CampaignId, data: DataDir = DEFAULT_DATA) -> None:
    """End a campaign for good: what it has planned is skipped.

    The one that a worker holds is skipped at the gate before its effect. What was sent stays recorded, and
    what may have been sent is still looked at.
    """
    dropped = change_campaign(data, campaign, CampaignVerb.CANCEL)
    print_text(f"campaign {campaign} is cancelled; {dropped} planned actions are skipped")


def change_campaign(data: Path, given: str, verb: CampaignVerb) -> int:
    """Change the campaign that `given` begins; return how many actions were dropped.

    Raises RequestRefusedError where there is none, or where its state forbids it.
    """
    with open_database(data) as database, database.transaction() as session:
        found = overview.find_campaign_ids(session, given)
        campaign_id = resolve_id(found, "campaign", given, hint="`rapport campaign list` shows them")
        dropped = control.change_campaign(session, campaign_id, verb)
        campaign = campaigns.find_campaign(session, campaign_id)
    if dropped is None:
        state = campaign.state if campaign else None
        raise RequestRefusedError(control.describe_refusal(verb, state) if state else "the campaign is gone")
    return dropped
