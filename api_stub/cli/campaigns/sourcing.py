"""`rapport campaign sourcing`: search and score people, or preview the search."""

from pathlib import Path
from typing import Annotated

import typer

from api_stub.cli.campaigns.follow_search import follow as follow_search
from api_stub.cli.campaigns.input_files import read_criteria
from api_stub.cli.campaigns.search_preview import render_search_plan
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
from db.store.quota import search_forecast
from db.store.reports import overview
from tasks.contract import SourcingCampaign
from worker.errors import RequestRefusedError
from worker.rules.sourcing.criteria import Criteria


def sourcing(
    account: AccountArgument,
    *,
    url: Annotated[
        str | None, typer.Option(help="The address of a people search, as your browser shows it.")
    ] = None,
    saved_search: Annotated[
        str | None, typer.Option("--saved", metavar="NAME", help="A saved search, with its criteria.")
    ] = None,
    criteria: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="Criteria to score by and, without --url and --saved, to search by.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(help="At most this many people.")] = 100,
    stop_after: Annotated[
        int, typer.Option(help="End after this many pages in a row with nobody to visit, 1 to 20.")
    ] = 3,
    no_repeat_days: Annotated[
        int, typer.Option(help="A profile read within this many days, 7 to 365, is not opened again.")
    ] = 30,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be searched and scored; open nothing.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Show the progress until it is done; Ctrl-C only stops watching.")
    ] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Search for people, read their profiles and score them by your criteria.

    Workers do it, under the quotas of pages and visits; this waits for the plan and shows it.
    """
    if follow and dry_run:
        raise RequestRefusedError(
            "give either --dry-run or --follow: a dry run opens nothing, so there is nothing to follow"
        )
    if follow and as_json:
        raise RequestRefusedError("give either --follow or --json; `rapport watch --json` follows")
    scoring = read_criteria(criteria) if criteria is not None else Criteria()
    request = validate_model(
        SourcingCampaign, account=account, url=url, saved_search=saved_search, criteria=scoring,
        limit=limit, stop_after=stop_after, no_repeat_days=no_repeat_days, dry_run=dry_run,
    )  # fmt: skip
    with open_database(data, needs_workers=True) as database:
        with database.transaction() as session:
            record = require_account(session, account)
            search = check_campaign_request(session, record, request)
        campaign = start_campaign(database, data, request, reading="planning the search")
        with database.snapshot() as session:
            estimate = search_forecast.estimate_search(
                session, record.id, people=limit, campaign_id=campaign.id
            )
        if as_json:
            with database.transaction() as session:
                lines = overview.list_campaign_actions(session, campaign.id)
            print_answer(build_campaign_started(campaign, lines))
            return
        Console().print(render_search_plan(record, search, estimate, scores=True))
        if campaign.preview is not None:
            print_text("nothing was planned or opened; to do it, omit --dry-run")
            return
        short = short_id(campaign.id)
        print_text(
            f"campaign {short}: planned; the people found, best first: `rapport sourcing results {short}`"
        )
        if follow:
            follow_search(database, record, campaign.id, limit)
