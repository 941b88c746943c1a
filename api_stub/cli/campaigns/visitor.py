"""`rapport campaign visitor`: open profiles, or see whose would be opened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from api_stub.cli.campaigns.input_files import addresses_in
from api_stub.cli.campaigns.search_preview import ToVisit, people_to_visit, what_is_planned
from api_stub.cli.campaigns.start import checked, start
from api_stub.cli.context import DEFAULT_DATA, DataDir, opened, the_account
from api_stub.cli.formatting import in_words, say
from api_stub.cli.terminal import Console
from api_stub.request_checks import refuse_what_cannot_work
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.saved_searches import Wanted
from db.store.people.accounts import AccountRecord
from db.store.quota import search_forecast
from db.store.reports import overview
from tasks.contract import VISITOR_CAMPAIGN, VisitorCampaign
from worker.errors import Reason
from worker.rules.lifecycle import ENDED
from worker.rules.model import Kind


def visitor(
    account: Annotated[str, typer.Argument(help="The account's name.")],
    *,
    saved_search: Annotated[
        str | None, typer.Option("--saved", metavar="NAME", help="Whom this saved search finds.")
    ] = None,
    profiles: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Profile addresses, one a line; # begins a comment."),
    ] = None,
    not_seen_months: Annotated[
        int | None, typer.Option(help="Connections whose profile was not opened for so many months.")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many people.")] = 100,
    no_repeat_days: Annotated[
        int, typer.Option(help="Nobody is visited twice within so many days, 7 to 365.")
    ] = 30,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show who would be visited, and why others are not.")
    ] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Open profiles: of a saved search, of a list, or of connections not seen for long; one of the three.

    Workers do it, under the quota of visits; this waits for the plan and shows it.
    """
    with opened(data) as database:
        with database.transaction() as session:
            record = the_account(session, account)
            addresses = addresses_in(profiles, record.site) if profiles is not None else ()
            asked = checked(
                VisitorCampaign, account=account, saved_search=saved_search, profiles=addresses,
                not_seen_months=not_seen_months, limit=limit, no_repeat_days=no_repeat_days, dry_run=dry_run,
            )  # fmt: skip
            searched = refuse_what_cannot_work(session, record, asked)
        campaign = start(database, data, VISITOR_CAMPAIGN, asked, reading="looking whom to visit")
        with database.transaction() as session:
            overview.freeze(session)
            _show(session, record, campaign, searched, limit)


def _show(
    session: Session, account: AccountRecord, campaign: CampaignRecord, searched: Wanted | None, limit: int
) -> None:
    console = Console()
    if searched is not None:
        told = search_forecast.of_search(session, account.id, people=limit, campaign_id=campaign.id)
        console.print(what_is_planned(account, searched, told, scores=False))
    elif campaign.preview is not None:
        console.print(people_to_visit(_foreseen(session, campaign, campaign.preview)))
    else:
        console.print(people_to_visit(_planned(session, campaign)))
    if campaign.preview is not None:
        say("nothing was planned or opened; to do it, leave --dry-run out")
    else:
        say(f"campaign {str(campaign.id)[:8]}: planned; rapport why {account.name} says what happens when")


def _foreseen(
    session: Session, campaign: CampaignRecord, preview: Sequence[Mapping[str, str]]
) -> Sequence[ToVisit]:
    why_not = [
        in_words(Reason(line["left_out"])) if line["left_out"] else line["already"] for line in preview
    ]
    when = iter(_times(session, campaign, sum(not why for why in why_not)))
    return [
        ToVisit(line["contact"], line["profile_url"], None if why else next(when), why)
        for line, why in zip(preview, why_not, strict=True)
    ]


def _planned(session: Session, campaign: CampaignRecord) -> Sequence[ToVisit]:
    lines = overview.campaign_actions(session, campaign.id)
    waiting = [line for line in lines if line.state not in ENDED]
    waiting.sort(key=lambda line: (line.not_before, line.id))  # as they are dispatched
    times = _times(session, campaign, len(waiting))
    when = {line.id: at for line, at in zip(waiting, times, strict=True)}
    return [
        ToVisit(
            line.contact, line.profile_url, when.get(line.id), in_words(line.reason) if line.reason else ""
        )
        for line in lines
    ]


def _times(session: Session, campaign: CampaignRecord, count: int) -> Sequence[datetime | None]:
    return search_forecast.times(session, campaign.account_id, Kind.VISIT, count, campaign_id=campaign.id)
