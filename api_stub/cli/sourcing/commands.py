"""`rapport sourcing`: whom campaigns found, ranked, and ranked anew by other criteria."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy.orm import Session

from api_stub.cli.campaigns.commands import CampaignId
from api_stub.cli.campaigns.input_files import criteria_in
from api_stub.cli.contacts.export import STDOUT, Force, interruptible, output_to
from api_stub.cli.context import DEFAULT_DATA, DataDir, opened, the_account, the_one
from api_stub.cli.formatting import how_many, say
from api_stub.cli.sourcing import saved_searches
from api_stub.cli.sourcing.ranking import changes, how_far, table, unread
from api_stub.cli.terminal import Console
from db.exports.formats import Format
from db.exports.sheets import Heading, Type
from db.store.campaigns import campaigns, search_hits
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.search_hits import HitLine
from db.store.reports import overview
from tasks.campaigns.drafting import today_in
from worker.errors import RequestRefusedError
from worker.rules.model import CampaignKind
from worker.rules.sourcing.criteria import asked

app = typer.Typer(help="Sourcing: saved searches, and the people they found.", no_args_is_help=True)
app.command("save")(saved_searches.save)
app.command("saved")(saved_searches.show)
app.command("unsave")(saved_searches.unsave)

SCREENFUL: Final = 50
"""People shown where nothing else is asked for: a terminal is read from the top."""


class As(StrEnum):
    """What results may be."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"


_PERSON: Final = (
    Heading("rank", Type.INTEGER),
    Heading("score", Type.INTEGER),
    Heading("full_name", Type.TEXT),
    Heading("profile_url", Type.TEXT),
    Heading("headline", Type.TEXT),
    Heading("location", Type.TEXT),
    Heading("degree", Type.INTEGER),
    Heading("open_to_work", Type.BOOLEAN),
    Heading("profile_read", Type.BOOLEAN),
)
_WHY: Final = {
    As.CSV: Heading("why", Type.TEXT),
    As.JSONL: Heading("reasons", Type.JSON),
}


@app.command()
def results(
    campaign: CampaignId,
    *,
    as_format: Annotated[
        As, typer.Option("--format", help="table for you; csv for spreadsheets; jsonl for programs.")
    ] = As.TABLE,
    out: Annotated[
        str,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Where csv or jsonl goes; - is the standard output."
        ),
    ] = STDOUT,
    min_score: Annotated[
        int | None, typer.Option(min=0, max=100, help="Only people with this score or more.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, help=f"At most so many, the best first; else {SCREENFUL} in a table, all in a file."
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show every reason, also of what gave no points.")
    ] = False,
    force: Force = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show whom a sourcing campaign found, the best first, and why: also while it runs.

    A file is whole or not there, and has all reasons.

    Examples:
    rapport sourcing results 1f3a --min-score 60 --explain
    rapport sourcing results 1f3a --format csv -o people.csv

    """
    if as_format is As.TABLE:
        if out != STDOUT:
            raise RequestRefusedError("a table is for the terminal: for a file give --format csv or jsonl")
        _show(campaign, min_score, limit or SCREENFUL, explain=explain, data=data)
        return
    with interruptible(), opened(data) as database, database.transaction() as session:
        overview.freeze(session)
        found = _the_campaign(session, campaign)
        with output_to(out, force=force) as file:
            ranked = islice(search_hits.ranking(session, found.id, min_score=min_score), limit)
            with Format(as_format).writing(file, (*_PERSON, _WHY[as_format])) as write:
                total = 0
                while block := list(islice(ranked, search_hits.BLOCK)):
                    write(list(_rows(block, as_format, total + 1)))
                    total += len(block)
    if out != STDOUT:
        say(f"{how_many(total, 'person is', 'people are')} in {out}; only you may read it")


@app.command()
def rescore(
    campaign: CampaignId,
    criteria: Annotated[
        Path, typer.Option("--criteria", metavar="FILE.json", help="The new criteria, with their weights.")
    ],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Score whom a campaign found by other criteria, from what is stored: no profile is opened for it.

    They are the campaign's criteria from now on, also for whom it still finds or reads.

    Example:
    rapport sourcing rescore 1f3a --criteria criteria.json

    """
    wanted = criteria_in(criteria)
    if not asked(wanted):
        raise RequestRefusedError(f"{criteria.name}: it asks for nothing, so there is nothing to score by")
    with opened(data) as database, database.transaction() as session:
        found = _the_campaign(session, campaign)
        zone = the_account(session, found.account).zone
        campaigns.get(session, found.id, lock=True)
        before = list(search_hits.ranking(session, found.id))
        today = today_in(session, zone)
        came_to = search_hits.rescore(session, found.id, wanted, today)
        after = list(search_hits.ranking(session, found.id))
    if not after:
        say("nobody was found yet; whoever is will be scored by these criteria")
        return
    Console().print(changes(before, after, most=SCREENFUL))
    moved = sum(new.contact_id != old.contact_id for new, old in zip(after, before, strict=True))
    scored = how_many(came_to.people, "person is", "people are")
    say(f"{scored} scored anew, no profile was opened; {moved} have another rank")
    for line in unread(came_to):
        say(line, "yellow")


def _show(campaign: str, min_score: int | None, limit: int, *, explain: bool, data: Path) -> None:
    with opened(data) as database, database.transaction() as session:
        overview.freeze(session)
        found = _the_campaign(session, campaign)
        progress = search_hits.progress(session, found.id)
        lines = search_hits.page(session, found.id, limit=limit + 1, min_score=min_score)
    say(how_far(found, progress))
    if lines:
        Console().print(table(lines[:limit], explain=explain))
    elif min_score is not None:
        say(f"nobody has a score of {min_score} or more")
    if len(lines) > limit:
        say("there are more: --limit N shows them, --format csv -o FILE writes all")


def _the_campaign(session: Session, given: str) -> CampaignRecord:
    """Return the sourcing campaign that `given` begins. Raises RequestRefusedError unless it is one."""
    matching = overview.campaigns_by_prefix(session, given)
    campaign_id = the_one(matching, "campaign", given, hint="`rapport campaign list` shows them")
    campaign = campaigns.get(session, campaign_id)
    if campaign is None or campaign.kind is not CampaignKind.SOURCING:
        kind = campaign.kind if campaign else "gone"
        raise RequestRefusedError(
            f"campaign {given} is no sourcing campaign ({kind}): only those have results; rapport campaign "
            f"show {given} says what it came to"
        )
    return campaign


def _rows(lines: Sequence[HitLine], as_format: As, first_rank: int) -> Iterator[Sequence[Any]]:
    for rank, line in enumerate(lines, first_rank):
        why = (
            "; ".join(map(str, line.reasons))
            if as_format is As.CSV
            else search_hits.reasons_as_json(line.reasons)
        )
        yield (
            rank, line.score, line.full_name, line.profile_url, line.headline, line.location, line.degree,
            line.open_to_work, line.is_read, why,
        )  # fmt: skip
