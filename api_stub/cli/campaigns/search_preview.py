"""Render the plan of a search, its progress, and planned visits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rich.text import Text

from api_stub.cli.explain.summary_display import describe_search
from api_stub.cli.formatting import create_table, folding_text, format_time, render_facts
from api_stub.cli.screen.tables import Facts, Table
from db.store.campaigns.saved_searches import SearchSpec
from db.store.campaigns.search_progress import SearchProgress
from db.store.people.accounts import AccountRecord
from db.store.quota.search_forecast import PEOPLE_A_PAGE, SearchEstimate
from worker import clock
from worker.rules.model import CampaignState
from worker.rules.quota.limits import Limits
from worker.rules.sourcing.criteria import Criteria, Criterion, given_criteria, needed_sections
from worker.rules.sourcing.scoring import allocate_points
from worker.rules.sourcing.search import build_search_url
from worker.rules.wording.reasons import describe_reason


def render_search_plan(
    account: AccountRecord, search: SearchSpec, estimate: SearchEstimate, *, scores: bool
) -> Facts:
    """Render what is searched, scored and read, and the expected duration."""
    lines = {
        "searched": f"{', '.join(f'{name} {value}' for name, value in search.query.terms)}\n"
        f"{build_search_url(search.query, account.site)}",
    }
    if scores:
        points = allocate_points(search.criteria)
        lines["scored"] = _describe_criteria(search, points)
        lines["read"] = ", ".join(["the head", *sorted(needed_sections(search.criteria))])
    else:
        lines["read"] = "the head"
    lines["pages"] = (
        f"up to {estimate.pages}{_format_last_day(estimate.last_page, account.zone)}; "
        f"{_describe_limits(estimate.of_pages)}"
    )
    lines["profiles"] = (
        f"up to {estimate.people}{_format_last_day(estimate.last_profile, account.zone)}; "
        f"{_describe_limits(estimate.of_profiles)}"
    )
    lines["takes"] = _describe_duration(estimate, account.zone)
    return render_facts(lines.items())


def _describe_criteria(search: SearchSpec, points: Mapping[Criterion, int]) -> str:
    if not points:
        return "nothing: no criteria are given"
    given = search.criteria.model_dump(mode="json")
    lines = []
    for criterion in sorted(given_criteria(search.criteria)):
        value = _format_years(search.criteria) if criterion is Criterion.YEARS else given[criterion]
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        needed = " (required)" if criterion in search.criteria.required else ""
        lines.append(f"+{points[criterion]} {criterion.replace('_', ' ')}: {shown}{needed}")
    return "\n".join(lines)


def _format_years(criteria: Criteria) -> str:
    bounds = {"at least": criteria.min_years, "at most": criteria.max_years}
    return ", ".join(f"{word} {years}" for word, years in bounds.items() if years is not None)


def _format_last_day(instant: datetime | None, zone: ZoneInfo) -> str:
    return f", the last about {_local_date(instant, zone)}" if instant else ", not all of them within a year"


def _local_date(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def _describe_limits(limits: Limits) -> str:
    return f"{min(limits.per_run, limits.per_day)} a day and {limits.per_week} in 7 days are allowed now"


def _describe_duration(estimate: SearchEstimate, zone: ZoneInfo) -> str:
    given = f"a page shows {PEOPLE_A_PAGE} people, all are new and nothing else uses the quota"
    if estimate.last_profile is None:
        return f"more than a year under the limits of pages and visits, if {given}"
    days = (_local_date(estimate.last_profile, zone) - _local_date(clock.now(), zone)).days + 1
    return f"about {days} {'day' if days == 1 else 'days'} under the quota, if {given}"


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """A person in a visitor campaign: when the profile is opened, or why not."""

    name: str
    profile_url: str
    at: datetime | None
    why_not: str


def render_planned_visits(people: Sequence[PlannedVisit], zone: ZoneInfo) -> Table | Text:
    """Render whose profiles are opened about when, and why others are not."""
    if not people:
        return Text("nobody to visit: everybody was visited recently, or nobody was found")
    table = create_table("who", "profile", "when", "why not")
    for person in people:
        table.add_row(
            folding_text(person.name),
            folding_text(person.profile_url),
            f"about {format_time(person.at, zone)}" if person.at else "",
            Text(person.why_not),
        )
    return table


def list_search_progress(walk: SearchProgress, limit: int, zone: ZoneInfo) -> Mapping[str, str]:
    """Return the progress of a search as names and values."""
    at = walk.progress
    score = f"; the best {walk.best}, the mean {walk.mean}" if walk.scored else ""
    return {
        "search": f"{describe_search(at.search)}; at most {limit}" if at.search else "not started",
        "profiles": f"{at.read} read, {at.waiting} waiting",
        "scored": f"{walk.scored}{score}",
        "next": _describe_next(walk, zone),
    }


def _describe_next(walk: SearchProgress, zone: ZoneInfo) -> str:
    if walk.state is not CampaignState.PLANNED:
        return f"nothing: the campaign is {walk.state}"
    if walk.nothing_left:
        return "nothing is left to do"
    if walk.waits_for is not None and walk.not_before is not None:
        return f"{describe_reason(walk.waits_for)}; not before {format_time(walk.not_before, zone)}"
    return "in progress"
