"""`rapport campaign`: start, list, show, pause, resume, cancel."""

from pathlib import Path
from typing import Annotated

import typer

from api_stub.cli.campaigns import birthday, sourcing, visitor
from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountFilter,
    AsJson,
    DataDir,
    check_account_filter,
    load_zones,
    open_session,
    print_answer,
    resolve_campaign_id,
)
from api_stub.cli.explain.halts import print_halts
from api_stub.cli.explain.summary_display import render_campaign_summary
from api_stub.cli.formatting import (
    create_table,
    describe_progress,
    format_time,
    join_counts,
    print_text,
    short_id,
)
from api_stub.cli.terminal import Console
from api_stub.responses.campaigns import CampaignLineOut
from db.store.actions import control
from db.store.actions.control import CampaignVerb
from db.store.campaigns import campaigns
from db.store.reports import overview, summary
from worker.errors import RequestRefusedError
from worker.rules.reports.campaign_progress import OVER
from worker.rules.wording.counts import format_count
from worker.rules.wording.reasons import reason_suffix

app = typer.Typer(
    help="Campaigns: start, list, show, pause, resume and cancel them.",
    no_args_is_help=True,
)
app.command("birthday")(birthday.birthday)
app.command("visitor")(visitor.visitor)
app.command("sourcing")(sourcing.sourcing)

CampaignId = Annotated[
    str,
    typer.Argument(metavar="ID", help="The campaign's id, or enough of its first digits."),
]


@app.command("list")
def list_campaigns(
    account: AccountFilter = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many, newest first.")] = 20,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List campaigns, newest first, with the number of their actions in each state."""
    with open_session(data) as session:
        check_account_filter(session, account)
        if not as_json:
            print_halts(session, account)
        lines = overview.list_campaigns(session, limit=limit, account=account)
        zones = load_zones(session)
    if as_json:
        print_answer([CampaignLineOut.model_validate(line) for line in lines])
        return
    table = create_table("id", "account", "kind", "progress", "actions", "requested")
    for line in lines:
        progress = describe_progress(line.progress) + reason_suffix(line.reason)
        actions = join_counts(line.actions) or "none"
        asked = format_time(line.created_at, zones[line.account])
        table.add_row(short_id(line.id), line.account, line.kind, progress, actions, asked)
    Console().print(table if lines else "no campaigns; to start one: `rapport campaign birthday ACCOUNT`")


@app.command()
def show(campaign: CampaignId, as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """Show a campaign's results: sent, left out and why, waiting, answered."""
    with open_session(data, snapshot=True) as session:
        campaign_id = resolve_campaign_id(session, campaign)
        result = summary.summarise_campaign(session, campaign_id)
        zones = load_zones(session)
        if result is not None and result.progress not in OVER and not as_json:
            print_halts(session, result.campaign.account)
    if result is None:
        raise RequestRefusedError(f"campaign {campaign} no longer exists")
    if as_json:
        print_answer(result)
        return
    Console().print(render_campaign_summary(result, zones[result.campaign.account]))


@app.command()
def pause(campaign: CampaignId, data: DataDir = DEFAULT_DATA) -> None:
    """Pause a campaign. Nothing is dropped; uncertain actions are still checked."""
    change_campaign(data, campaign, CampaignVerb.PAUSE)
    print_text(f"campaign {campaign} is paused; next: `rapport campaign resume {campaign}`")


@app.command()
def resume(campaign: CampaignId, data: DataDir = DEFAULT_DATA) -> None:
    """Resume a paused campaign."""
    change_campaign(data, campaign, CampaignVerb.RESUME)
    print_text(f"campaign {campaign} is running again")


@app.command()
def cancel(campaign: CampaignId, data: DataDir = DEFAULT_DATA) -> None:
    """End a campaign for good; its planned actions are skipped.

    An action that a worker holds is skipped at the gate before its effect. What was sent stays recorded, and
    uncertain actions are still checked.
    """
    dropped = change_campaign(data, campaign, CampaignVerb.CANCEL)
    skipped = format_count(dropped, "planned action is", "planned actions are")
    print_text(f"campaign {campaign} is cancelled; {skipped} skipped")


def change_campaign(data: Path, given: str, verb: CampaignVerb) -> int:
    """Change the campaign whose id begins with `given`; return how many actions were skipped.

    Raises RequestRefusedError if there is none, or if its state forbids the change.
    """
    with open_session(data) as session:
        campaign_id = resolve_campaign_id(session, given)
        dropped = control.change_campaign(session, campaign_id, verb)
        campaign = campaigns.find_campaign(session, campaign_id)
    if dropped is None:
        state = campaign.state if campaign else None
        raise RequestRefusedError(
            control.describe_refusal(verb, state) if state else "the campaign no longer exists"
        )
    return dropped
