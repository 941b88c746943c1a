"""`rapport review`: a person decides on proposed greetings, with one key for each."""

import sys
from collections.abc import Iterator, Mapping
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountFilter,
    AsJson,
    DataDir,
    load_zones,
    open_database,
    print_answer,
    require_account,
    resolve_campaign_id,
)
from api_stub.cli.explain.halts import print_halts
from api_stub.cli.formatting import describe_progress, join_counts, print_text, short_id
from api_stub.cli.review.display import render_plain
from api_stub.cli.review.session import ReviewScope, ReviewSession, count_proposals, list_with_outlook
from api_stub.cli.terminal import Console
from api_stub.responses.proposals import ProposalOut
from db.engine import Database
from db.store.actions.review.proposals import Proposal
from db.store.reports import overview
from db.store.reports.overview import CampaignLine
from worker.errors import RequestRefusedError
from worker.rules.wording.counts import format_count

_LIST_PAGE = 100


def review(
    account: AccountFilter = None,
    campaign: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this campaign's: its id, or the first digits.")
    ] = None,
    *,
    only_list: Annotated[
        bool, typer.Option("--list", help="Print the proposals without asking, for scripts.")
    ] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Decide on greetings before they are sent: approve, edit, drop, or never again. One key for each person.

    Shows the greetings of campaigns that were started with `approval`. Without approval they are not sent.
    Messages that may have been sent already are in `rapport actions review`.
    """
    console = Console()
    with open_database(data) as database:
        scope = _resolve_scope(database, account, campaign)
        with database.transaction() as session:
            if not as_json:
                print_halts(session, account)
            zones = load_zones(session)
        if as_json:
            print_answer([ProposalOut.model_validate(each) for each in _iter_proposals(database, scope)])
        elif only_list:
            _print_proposals(database, scope, zones)
        elif not (console.is_terminal and sys.stdin.isatty()):
            raise RequestRefusedError(
                "deciding needs a person at a terminal: `rapport review --list` only prints what waits, and "
                "docs/approving.md says how to decide over HTTP"
            )
        elif not count_proposals(database, scope):
            print_text(_describe_empty(database, scope))
        else:
            ReviewSession(database, scope, console, zones).run()


def _resolve_scope(database: Database, account: str | None, campaign: str | None) -> ReviewScope:
    with database.transaction() as session:
        if account is not None:
            require_account(session, account)
        if campaign is None:
            return ReviewScope(account, None)
        return ReviewScope(account, resolve_campaign_id(session, campaign))


def _iter_proposals(database: Database, scope: ReviewScope) -> Iterator[Proposal]:
    after = None
    while True:
        with database.transaction() as session:
            found = list_with_outlook(session, scope, limit=_LIST_PAGE, after=after)
        yield from found
        if len(found) < _LIST_PAGE:
            return
        after = found[-1].id


def _print_proposals(database: Database, scope: ReviewScope, zones: Mapping[str, ZoneInfo]) -> None:
    console, total = Console(), 0
    for proposal in _iter_proposals(database, scope):
        console.print(render_plain(proposal, zones[proposal.account]))
        total += 1
    waiting = f"{format_count(total, 'waits', 'wait')} for approval: `rapport review`"
    print_text(waiting if total else _describe_empty(database, scope), "bold")


def _describe_empty(database: Database, scope: ReviewScope) -> str:
    with database.transaction() as session:
        lines = overview.list_campaigns(session, limit=100, account=scope.account)
    asking = [line for line in lines if line.options.get("approval") and scope.campaign in {None, line.id}]
    if not asking:
        return (
            "nothing waits for approval, and none of the last campaigns asks for it; to start one that does: "
            "`rapport campaign birthday ACCOUNT --approval`"
        )
    return "\n".join(
        ["nothing waits for approval; campaigns that ask for it:", *map(_summarize_campaign, asking[:5])]
    )


def _summarize_campaign(line: CampaignLine) -> str:
    counts = join_counts(line.actions) or "no actions"
    return f"  {short_id(line.id)}, account {line.account}: {describe_progress(line.progress)}, {counts}"
