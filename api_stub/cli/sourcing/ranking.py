"""Render the output of `rapport sourcing`: progress, ranking with reasons, and changes."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from api_stub.cli.explain.summary_display import describe_search
from api_stub.cli.formatting import create_table, folding_text, short_id
from api_stub.cli.screen.tables import Table
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.rescoring import RescoreReport
from db.store.campaigns.search_hits import HitLine
from db.store.campaigns.search_progress import VisitProgress
from worker.rules.model import CampaignState
from worker.rules.wording.counts import format_count

_STOPPED: Final = {CampaignState.CANCELLED, CampaignState.FAILED, CampaignState.PAUSED}


def describe_progress(campaign: CampaignRecord, progress: VisitProgress) -> str:
    """Describe a campaign's progress in one line."""
    head = f"campaign {short_id(campaign.id)} of {campaign.account}"
    if campaign.state in _STOPPED:
        head += f", {campaign.state}"
    if progress.search is None:
        return f"{head}: nothing was searched{', a dry run' if campaign.preview is not None else ''}"
    profiles = f"profiles: {progress.read} read, {progress.waiting} waiting"
    return f"{head}: {describe_search(progress.search)}; {profiles}"


def render_ranking(lines: Sequence[HitLine], *, explain: bool) -> Table:
    """Render the ranking, with the reasons that changed the score, or all with `explain`."""
    table = create_table("rank", "score", "who", "headline", "location", "open to work", "why")
    for rank, line in enumerate(lines, 1):
        table.add_row(
            str(rank),
            _format_score(line.score),
            folding_text(line.full_name),
            folding_text(line.headline),
            folding_text(line.location),
            "yes" if line.open_to_work else "",
            _render_reasons(line, explain=explain),
        )
    return table


def render_rank_changes(before: Sequence[HitLine], after: Sequence[HitLine], *, most: int) -> Table:
    """Render the first `most` of a new ranking, with the former rank and score of each."""
    was = {line.contact_id: (rank, line.score) for rank, line in enumerate(before, 1)}
    table = create_table("rank", "was", "score", "was", "who", "headline")
    for rank, line in enumerate(after[:most], 1):
        old_rank, old_score = was[line.contact_id]
        table.add_row(
            str(rank), Text(str(old_rank), "dim"),
            _format_score(line.score), Text(_format_score(old_score), "dim"),
            folding_text(line.full_name), folding_text(line.headline),
        )  # fmt: skip
    return table


def describe_unread(report: RescoreReport) -> Iterator[str]:
    """Describe the sections that the criteria need and that were not read; they give no points."""
    if report.not_opened:
        yield f"{_format_people(report.not_opened)} not opened yet, and scored by what the search showed"
    for section, count in report.unread.items():
        yield f"{_format_people(count)} read without {section}, which gives and takes no points"


def _format_people(count: int) -> str:
    return format_count(count, "person was", "people were")


def _format_score(score: int | None) -> str:
    return "" if score is None else str(score)


def _render_reasons(line: HitLine, *, explain: bool) -> Text:
    reasons = [str(reason) for reason in line.reasons if explain or reason.points]
    text = folding_text("\n".join(reasons) if explain else ", ".join(reasons))
    if not line.is_read:
        text.append("\nnot opened yet" if reasons else "not opened yet", "dim")
    return text
