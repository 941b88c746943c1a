"""`rapport sourcing`: whom campaigns found, ranked, and ranked anew by other criteria."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy.orm import Session

from api_stub.cli.campaigns.commands import CampaignId
from api_stub.cli.campaigns.input_files import read_criteria
from api_stub.cli.contacts.export import STDOUT, Force, handle_signals, open_output
from api_stub.cli.context import DEFAULT_DATA, DataDir, open_database, require_account, resolve_id
from api_stub.cli.formatting import format_count, print_text
from api_stub.cli.sourcing import saved_searches
from api_stub.cli.sourcing.ranking import (
    describe_progress,
    describe_unread,
    render_rank_changes,
    render_ranking,
)
from api_stub.cli.terminal import Console
from db.engine import today_in
from db.exports.formats import Format
from db.exports.sheets import ColumnType, Heading
from db.store.campaigns import campaigns, rescoring, search_hits, search_progress
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.search_hits import HitLine
from db.store.reports import overview
from worker.errors import RequestRefusedError
from worker.rules.model import CampaignKind
from worker.rules.sourcing.criteria import given_criteria

app = typer.Typer(help="Sourcing: saved searches, and the people they found.", no_args_is_help=True)
app.command("save")(saved_searches.save_search)
app.command("saved")(saved_searches.list_saved_searches)
app.command("unsave")(saved_searches.remove_saved_search)

DEFAULT_ROWS: Final = 50
"""People shown where nothing else is asked for: a terminal is read from the top."""


class OutputFormat(StrEnum):
    """What results may be."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"


_PERSON_HEADINGS: Final = (
    Heading("rank", ColumnType.INTEGER),
    Heading("score", ColumnType.INTEGER),
    Heading("full_name", ColumnType.TEXT),
    Heading("profile_url", ColumnType.TEXT),
    Heading("headline", ColumnType.TEXT),
    Heading("location", ColumnType.TEXT),
    Heading("degree", ColumnType.INTEGER),
    Heading("open_to_work", ColumnType.BOOLEAN),
    Heading("profile_read", ColumnType.BOOLEAN),
)
_REASON_HEADINGS: Final = {
    OutputFormat.CSV: Heading("why", ColumnType.TEXT),
    OutputFormat.JSONL: Heading("reasons", ColumnType.JSON),
}


@app.command()
def results(
    campaign: CampaignId,
    *,
    as_format: Annotated[
        OutputFormat,
        typer.Option("--format", help="table for you; csv for spreadsheets; jsonl for programs."),
    ] = OutputFormat.TABLE,
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
            min=1, help=f"At most so many, the best first; else {DEFAULT_ROWS} in a table, all in a file."
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
    if as_format is OutputFormat.TABLE:
        if out != STDOUT:
            raise RequestRefusedError("a table is for the terminal: for a file give --format csv or jsonl")
        _print_ranking(campaign, min_score, limit or DEFAULT_ROWS, explain=explain, data=data)
        return
    with handle_signals(), open_database(data) as database, database.snapshot() as session:
        found = _require_sourcing_campaign(session, campaign)
        with open_output(out, force=force) as file:
            ranked = islice(search_hits.iter_ranking(session, found.id, min_score=min_score), limit)
            with Format(as_format).open_writer(
                file, (*_PERSON_HEADINGS, _REASON_HEADINGS[as_format])
            ) as write:
                total = 0
                while block := list(islice(ranked, search_hits.BLOCK)):
                    write(list(_export_rows(block, as_format, total + 1)))
                    total += len(block)
    if out != STDOUT:
        print_text(f"{format_count(total, 'person is', 'people are')} in {out}; only you may read it")


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
    wanted = read_criteria(criteria)
    if not given_criteria(wanted):
        raise RequestRefusedError(f"{criteria.name}: it asks for nothing, so there is nothing to score by")
    with open_database(data) as database, database.transaction() as session:
        found = _require_sourcing_campaign(session, campaign)
        zone = require_account(session, found.account).zone
        campaigns.find_campaign(session, found.id, lock=True)
        before = list(search_hits.iter_ranking(session, found.id))
        today = today_in(session, zone)
        came_to = rescoring.rescore_hits(session, found.id, wanted, today)
        after = list(search_hits.iter_ranking(session, found.id))
    if not after:
        print_text("nobody was found yet; whoever is will be scored by these criteria")
        return
    Console().print(render_rank_changes(before, after, most=DEFAULT_ROWS))
    moved = sum(new.contact_id != old.contact_id for new, old in zip(after, before, strict=True))
    scored = format_count(came_to.people, "person is", "people are")
    print_text(f"{scored} scored anew, no profile was opened; {moved} have another rank")
    for line in describe_unread(came_to):
        print_text(line, "yellow")


def _print_ranking(campaign: str, min_score: int | None, limit: int, *, explain: bool, data: Path) -> None:
    with open_database(data) as database, database.snapshot() as session:
        found = _require_sourcing_campaign(session, campaign)
        progress = search_progress.get_visit_progress(session, found.id)
        lines = search_hits.list_hits(session, found.id, limit=limit + 1, min_score=min_score)
    print_text(describe_progress(found, progress))
    if lines:
        Console().print(render_ranking(lines[:limit], explain=explain))
    elif min_score is not None:
        print_text(f"nobody has a score of {min_score} or more")
    if len(lines) > limit:
        print_text("there are more: --limit N shows them, --format csv -o FILE writes all")


def _require_sourcing_campaign(session: Session, given: str) -> CampaignRecord:
    """Return the sourcing campaign that `given` begins. Raises RequestRefusedError unless it is one."""
    matching = overview.find_campaign_ids(session, given)
    campaign_id = resolve_id(matching, "campaign", given, hint="`rapport campaign list` shows them")
    campaign = campaigns.find_campaign(session, campaign_id)
    if campaign is None or campaign.kind is not CampaignKind.SOURCING:
        kind = campaign.kind if campaign else "gone"
        raise RequestRefusedError(
            f"campaign {given} is no sourcing campaign ({kind}): only those have results; rapport campaign "
            f"show {given} says what it came to"
        )
    return campaign


def _export_rows(
    lines: Sequence[HitLine], as_format: OutputFormat, first_rank: int
) -> Iterator[Sequence[Any]]:
    for rank, line in enumerate(lines, first_rank):
        why = (
            "; ".join(map(str, line.reasons))
            if as_format is OutputFormat.CSV
            else search_hits.dump_reasons(line.reasons)
        )
        yield (
            rank, line.score, line.full_name, line.profile_url, line.headline, line.location, line.degree,
            line.open_to_work, line.is_read, why,
        )  # fmt: skip
