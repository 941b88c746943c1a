"""`rapport sourcing`: the ranking of the people found, and scoring by new criteria."""

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
from api_stub.cli.context import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    open_session,
    print_answer,
    require_account,
    resolve_campaign_id,
)
from api_stub.cli.formatting import print_text
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
from worker.errors import RequestRefusedError
from worker.rules.model import CampaignKind
from worker.rules.sourcing.criteria import given_criteria
from worker.rules.wording.counts import format_count

app = typer.Typer(help="Sourcing: saved searches, and the people they found.", no_args_is_help=True)
app.command("save")(saved_searches.save_search)
app.command("saved")(saved_searches.list_saved_searches)
app.command("unsave")(saved_searches.remove_saved_search)

DEFAULT_ROWS: Final = 50
"""Rows that a table has by default."""


class OutputFormat(StrEnum):
    """The format of results."""

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
            min=1, help=f"At most this many, best first; default: {DEFAULT_ROWS} in a table, all in a file."
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show every reason, also those without points.")
    ] = False,
    force: Force = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show the people that a sourcing campaign found, best first, with reasons; also while it runs.

    A file is complete or not written, and has all reasons.

    Examples:
    rapport sourcing results 1f3a --min-score 60 --explain
    rapport sourcing results 1f3a --format csv -o people.csv

    """
    if as_format is OutputFormat.TABLE:
        if out != STDOUT:
            raise RequestRefusedError("a table is for the terminal: for a file give --format csv or jsonl")
        if as_json:
            _print_json_ranking(campaign, min_score, limit, data)
        else:
            _print_ranking(campaign, min_score, limit or DEFAULT_ROWS, explain=explain, data=data)
        return
    if as_json:
        raise RequestRefusedError("give either --json or --format")
    with handle_signals(), open_session(data, snapshot=True) as session:
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
        print_text(f"{format_count(total, 'person is', 'people are')} in {out}; only you can read it")


@app.command()
def rescore(
    campaign: CampaignId,
    criteria: Annotated[
        Path, typer.Option("--criteria", metavar="FILE.json", help="The new criteria, with their weights.")
    ],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Score the people that a campaign found by new criteria, from stored profiles. No profile is opened.

    The campaign uses the new criteria from now on, also for people that it finds later.

    Example:
    rapport sourcing rescore 1f3a --criteria criteria.json

    """
    new_criteria = read_criteria(criteria)
    if not given_criteria(new_criteria):
        raise RequestRefusedError(f"{criteria.name}: it has no criteria, so there is nothing to score by")
    with open_session(data) as session:
        found = _require_sourcing_campaign(session, campaign)
        zone = require_account(session, found.account).zone
        campaigns.find_campaign(session, found.id, lock=True)
        before = list(search_hits.iter_ranking(session, found.id))
        today = today_in(session, zone)
        report = rescoring.rescore_hits(session, found.id, new_criteria, today)
        after = list(search_hits.iter_ranking(session, found.id))
    if not after:
        print_text("nobody was found yet; people who are found from now on are scored by these criteria")
        return
    Console().print(render_rank_changes(before, after, most=DEFAULT_ROWS))
    moved = sum(new.contact_id != old.contact_id for new, old in zip(after, before, strict=True))
    scored = format_count(report.people, "person is", "people are")
    print_text(f"{scored} rescored without opening a profile; {moved} changed rank")
    for line in describe_unread(report):
        print_text(line, "yellow")


def _print_ranking(campaign: str, min_score: int | None, limit: int, *, explain: bool, data: Path) -> None:
    with open_session(data, snapshot=True) as session:
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


def _print_json_ranking(campaign: str, min_score: int | None, limit: int | None, data: Path) -> None:
    with open_session(data, snapshot=True) as session:
        found = _require_sourcing_campaign(session, campaign)
        print_answer(list(islice(search_hits.iter_ranking(session, found.id, min_score=min_score), limit)))


def _require_sourcing_campaign(session: Session, given: str) -> CampaignRecord:
    """Return the sourcing campaign with this id or prefix. Raises RequestRefusedError if there is none."""
    campaign_id = resolve_campaign_id(session, given)
    campaign = campaigns.find_campaign(session, campaign_id)
    if campaign is None or campaign.kind is not CampaignKind.SOURCING:
        kind = campaign.kind if campaign else "deleted"
        raise RequestRefusedError(
            f"campaign {given} isn't a sourcing campaign ({kind}): only those have results; `rapport "
            f"campaign show {given}` shows what it did"
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
