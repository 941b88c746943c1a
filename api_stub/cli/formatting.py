"""Print texts, and format reasons, counts and times for people."""

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar
from uuid import UUID

from rich.text import Text

from api_stub.cli.screen.tables import Facts, Lines, Table
from api_stub.cli.terminal import Console
from api_stub.times import UTC_ZONE, format_time, show_times_in_utc
from worker.rules.reports.campaign_progress import CampaignProgress
from worker.rules.texts.characters import escape_json_controls
from worker.rules.wording.counts import format_count

Name = TypeVar("Name", bound=str)


__all__ = ("UTC_ZONE", "format_time", "show_times_in_utc")  # for all commands


def describe_progress(progress: CampaignProgress) -> str:
    """Return how far a campaign has come, in words."""
    if progress is CampaignProgress.NEEDS_REVIEW:
        return "needs a decision"
    return progress.replace("_", " ")


def print_text(text: str, style: str = "") -> None:
    """Print one of our texts on lines of its own, without wrapping it; `hints` changes its hints."""
    Console().print(text, style=style or None, soft_wrap=True)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines, each indented and folded at blanks on a terminal."""
    Console().print(Lines(lines))


def print_json(document: str) -> None:
    """Print a JSON document for programs."""
    Console().print(Text(escape_json_controls(document)), soft_wrap=True)


def format_counts(*counts: tuple[int, str, str]) -> str:
    """Return several counts as `format_count` does, without those that are 0."""
    return ", ".join(format_count(*each) for each in counts if each[0])


def join_counts(counts: Mapping[Name, int]) -> str:
    """Return counts by name as "2 done, 1 skipped"."""
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def short_id(identifier: UUID) -> str:
    """Return the first 8 digits of an id, which commands accept in place of the whole."""
    return str(identifier)[:8]


def folding_text(text: str) -> Text:
    """Return a text for a table cell that is continued on the next line instead of cut."""
    return Text(text, overflow="fold")


def create_table(*headings: str, texts: Collection[str] = (), folds_last: bool = False) -> Table:
    """Create a table that cuts nothing. The columns in `texts` hold messages.

    With `folds_last`, columns stay aligned on a narrow terminal, and the last one is folded.
    """
    return Table(*headings, texts=texts, folds_last=folds_last)


def render_facts(facts: Iterable[tuple[str, str]]) -> Facts:
    """Render names and values in two columns."""
    return Facts(facts)
