"""`rapport invitations`: list unanswered invitations and withdraw old ones."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated

import typer
from rich.text import Text

from api_stub.cli.campaigns.start import start_campaign, validate_model
from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountArgument,
    AsJson,
    DataDir,
    open_database,
    print_answer,
    require_account,
)
from api_stub.cli.formatting import (
    create_table,
    folding_text,
    join_counts,
    print_text,
    short_id,
)
from api_stub.cli.screen.tables import Table
from api_stub.cli.terminal import Console
from api_stub.cli.wording import format_day
from api_stub.request_checks import check_campaign_request
from api_stub.responses.campaign_started import build_campaign_started
from db.store.reports import overview
from tasks.contract import InvitationsCampaign
from worker.rules.invitations import Verdict
from worker.rules.wording.counts import format_count
from worker.rules.wording.reasons import reason_suffix

app = typer.Typer(
    help="Unanswered invitations that an account has sent: list and withdraw them.",
    no_args_is_help=True,
)

_NO_INVITATION = "no invitation is waiting for an answer"
_READING = "reading the page of sent invitations"
_VERDICT_TEXTS: Mapping[Verdict, str] = {
    Verdict.WITHDRAW: "would be withdrawn",
    Verdict.PLANNED: "is already planned",
    Verdict.TRIED: "was already tried this week",
    Verdict.TOO_YOUNG: "too recent",
    Verdict.OVER_LIMIT: "old enough, but more than the limit",
}


@app.command("list")
def list_invitations(account: AccountArgument, as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """List the unanswered invitations, oldest first. A worker reads the site's page."""
    request = validate_model(InvitationsCampaign, account=account, dry_run=True)
    with open_database(data, needs_workers=True) as database:
        with database.transaction() as session:
            check_campaign_request(session, require_account(session, account), request)
        campaign = start_campaign(database, data, request, reading=_READING)
    if as_json:
        print_answer(build_campaign_started(campaign, []))
        return
    lines = campaign.preview or []
    Console().print(_render_invitations(lines, verdicts=False) if lines else _NO_INVITATION)
    if lines:
        found = format_count(len(lines), "invitation", "invitations")
        print_text(f"{found}; to withdraw the old ones: `rapport invitations withdraw {account}`")


@app.command()
def withdraw(
    account: AccountArgument,
    *,
    older_than: Annotated[
        int,
        typer.Option(metavar="DAYS", help="Withdraw those that are at least this many days old, 1 to 365."),
    ] = 30,
    limit: Annotated[int, typer.Option(help="At most this many, oldest first, 1 to 100.")] = 20,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done with each; plan and withdraw nothing.")
    ] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Withdraw old invitations. Workers do it, within the quota; this command only waits for the plan."""
    request = validate_model(
        InvitationsCampaign, account=account, older_than_days=older_than, limit=limit, dry_run=dry_run
    )
    with open_database(data, needs_workers=True) as database:
        with database.transaction() as session:
            check_campaign_request(session, require_account(session, account), request)
        campaign = start_campaign(database, data, request, reading=_READING)
        with database.transaction() as session:
            planned = overview.list_campaign_actions(session, campaign.id)
    if as_json:
        print_answer(build_campaign_started(campaign, planned))
        return
    if campaign.preview is not None:
        Console().print(
            _render_invitations(campaign.preview, verdicts=True) if campaign.preview else _NO_INVITATION
        )
        would = any(line["verdict"] == Verdict.WITHDRAW for line in campaign.preview)
        print_text(f"nothing was planned or withdrawn{'; to do it, omit --dry-run' if would else ''}")
        return
    Console().print(_render_planned(planned))
    counts = Counter(line.state for line in planned)
    states = join_counts(counts) or "nothing to do"
    print_text(f"campaign {short_id(campaign.id)}: {states}; `rapport why {account}` says what happens when")


def _render_invitations(lines: Sequence[Mapping[str, str]], *, verdicts: bool) -> Table:
    table = create_table("who", "sent", "days ago (at least)", *(["decision"] if verdicts else []))
    for line in lines:
        cells = [
            folding_text(line["contact"]),
            Text(format_day(date.fromisoformat(line["on"]))),
            Text(line["days"]),
        ]
        table.add_row(*cells, *([Text(_VERDICT_TEXTS[Verdict(line["verdict"])])] if verdicts else []))
    return table


def _render_planned(lines: Sequence[overview.ActionLine]) -> Table | Text:
    if not lines:
        return Text("no invitation is old enough, or those that are have already been planned")
    table = create_table("who", "sent", "state")
    for line in lines:
        why = reason_suffix(line.reason)
        table.add_row(folding_text(line.contact), format_day(line.occasion_on), Text(f"{line.state}{why}"))
    return table
