"""`rapport campaign visitor`: open profiles, or preview whose would be opened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from api_stub.cli.campaigns.input_files import read_addresses
from api_stub.cli.campaigns.search_preview import (
    PlannedVisit,
    render_planned_visits,
    render_search_plan,
)
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
from api_stub.cli.formatting import print_text, short_id
from api_stub.cli.terminal import Console
from api_stub.request_checks import check_campaign_request
from api_stub.responses.campaign_started import build_campaign_started
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.saved_searches import SearchSpec
from db.store.people.accounts import AccountRecord
from db.store.quota import search_forecast
from db.store.reports import overview
from tasks.contract import VisitorCampaign
from worker.errors import Reason
from worker.rules.lifecycle import END_STATES
from worker.rules.model import Kind
from worker.rules.wording.reasons import describe_reason


def visitor(
    account: AccountArgument,
    *,
    saved_search: Annotated[
        str | None, typer.Option("--saved", metavar="NAME", help="The people that this saved search finds.")
    ] = None,
    profiles: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A file of profile addresses, one a line; # begins a comment."),
    ] = None,
    not_seen_months: Annotated[
        int | None, typer.Option(help="Connections whose profile was not opened for this many months.")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most this many people.")] = 100,
    no_repeat_days: Annotated[
        int, typer.Option(help="Nobody is visited twice within this many days, 7 to 365.")
    ] = 30,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show who would be visited, and why others are not.")
    ] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Open profiles from a saved search, from a list, or of connections not seen for long; one of the three.

    Workers do it, under the quota of visits; this waits for the plan and shows it.
    """
    with open_database(data, needs_workers=True) as database:
        with database.transaction() as session:
            record = require_account(session, account)
            addresses = read_addresses(profiles, record.site) if profiles is not None else ()
            request = validate_model(
                VisitorCampaign, account=account, saved_search=saved_search, profiles=addresses,
                not_seen_months=not_seen_months, limit=limit, no_repeat_days=no_repeat_days, dry_run=dry_run,
            )  # fmt: skip
            searched = check_campaign_request(session, record, request)
        campaign = start_campaign(database, data, request, reading="choosing whom to visit")
        if as_json:
            with database.snapshot() as session:
                lines = overview.list_campaign_actions(session, campaign.id)
            print_answer(build_campaign_started(campaign, lines))
            return
        with database.snapshot() as session:
            _print_plan(session, record, campaign, searched, limit)


def _print_plan(
    session: Session,
    account: AccountRecord,
    campaign: CampaignRecord,
    searched: SearchSpec | None,
    limit: int,
) -> None:
    console = Console()
    if searched is not None:
        estimate = search_forecast.estimate_search(session, account.id, people=limit, campaign_id=campaign.id)
        console.print(render_search_plan(account, searched, estimate, scores=False))
    elif campaign.preview is not None:
        console.print(
            render_planned_visits(_preview_visits(session, campaign, campaign.preview), account.zone)
        )
    else:
        console.print(render_planned_visits(_list_planned_visits(session, campaign), account.zone))
    if campaign.preview is not None:
        print_text("nothing was planned or opened; to do it, omit --dry-run")
    else:
        print_text(
            f"campaign {short_id(campaign.id)}: planned; `rapport why {account.name}` says what happens when"
        )


def _preview_visits(
    session: Session, campaign: CampaignRecord, preview: Sequence[Mapping[str, str]]
) -> Sequence[PlannedVisit]:
    why_not = [
        describe_reason(Reason(line["left_out"])) if line["left_out"] else line["already"] for line in preview
    ]
    when = iter(_forecast_times(session, campaign, sum(not why for why in why_not)))
    return [
        PlannedVisit(line["contact"], line["profile_url"], None if why else next(when), why)
        for line, why in zip(preview, why_not, strict=True)
    ]


def _list_planned_visits(session: Session, campaign: CampaignRecord) -> Sequence[PlannedVisit]:
    lines = overview.list_campaign_actions(session, campaign.id)
    waiting = [line for line in lines if line.state not in END_STATES]
    waiting.sort(key=lambda line: (line.not_before, line.id))  # in the order of dispatch
    times = _forecast_times(session, campaign, len(waiting))
    when = {line.id: at for line, at in zip(waiting, times, strict=True)}
    return [
        PlannedVisit(
            line.contact,
            line.profile_url,
            when.get(line.id),
            describe_reason(line.reason) if line.reason else "",
        )
        for line in lines
    ]


def _forecast_times(session: Session, campaign: CampaignRecord, count: int) -> Sequence[datetime | None]:
    return search_forecast.forecast_times(
        session, campaign.account_id, Kind.VISIT, count, campaign_id=campaign.id
    )
