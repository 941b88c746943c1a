"""What a search will do, and how far it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from api_stub.cli.formatting import in_words, utc
from api_stub.cli.summary_display import walked
from db.store.campaigns.saved_searches import Wanted
from db.store.campaigns.search_progress import Walk
from db.store.people.accounts import AccountRecord
from db.store.quota.search_forecast import PEOPLE_A_PAGE, Estimate
from worker import clock
from worker.rules.model import CampaignState
from worker.rules.quota.limits import Limits
from worker.rules.sourcing.criteria import Criteria, Criterion, asked, needed_sections
from worker.rules.sourcing.scoring import points_of
from worker.rules.sourcing.search import search_address


def what_is_planned(account: AccountRecord, wanted: Wanted, told: Estimate, *, scores: bool) -> Table:
    """Return what is searched, scored and read, and how long it will take."""
    grid = Table.grid(padding=(0, 2))
    lines = {
        "searched": f"{', '.join(f'{name} {value}' for name, value in wanted.query.terms)}\n"
        f"{search_address(wanted.query, account.site)}",
    }
    if scores:
        points = points_of(wanted.criteria)
        lines["scored"] = _scored(wanted, points)
        lines["read"] = ", ".join(["the head", *sorted(needed_sections(wanted.criteria))])
    else:
        lines["read"] = "the head"
    lines["pages"] = f"up to {told.pages}{_by(told.last_page, account.zone)}; {_limits(told.of_pages)}"
    lines["profiles"] = (
        f"up to {told.people}{_by(told.last_profile, account.zone)}; {_limits(told.of_profiles)}"
    )
    lines["takes"] = _takes(told, account.zone)
    for name, says in lines.items():
        grid.add_row(Text(f"  {name:<9}", "dim"), Text(says, overflow="fold"))
    return grid


def _scored(wanted: Wanted, points: Mapping[Criterion, int]) -> str:
    if not points:
        return "nothing: no criteria are given"
    given = wanted.criteria.model_dump(mode="json")
    told = []
    for criterion in sorted(asked(wanted.criteria)):
        value = _years(wanted.criteria) if criterion is Criterion.YEARS else given[criterion]
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        needed = " (required)" if criterion in wanted.criteria.required else ""
        told.append(f"+{points[criterion]} {criterion.replace('_', ' ')}: {shown}{needed}")
    return "\n".join(told)


def _years(criteria: Criteria) -> str:
    bounds = {"at least": criteria.min_years, "at most": criteria.max_years}
    return ", ".join(f"{word} {years}" for word, years in bounds.items() if years is not None)


def _by(instant: datetime | None, zone: ZoneInfo) -> str:
    return f", the last about {_day(instant, zone)}" if instant else ", not all of them within a year"


def _day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def _limits(limits: Limits) -> str:
    return f"{min(limits.per_run, limits.per_day)} a day and {limits.per_week} in 7 days are allowed now"


def _takes(told: Estimate, zone: ZoneInfo) -> str:
    given = f"a page shows {PEOPLE_A_PAGE} people, all are new and nothing else uses the quota"
    if told.last_profile is None:
        return f"more than a year under the limits of pages and visits, if {given}"
    days = (_day(told.last_profile, zone) - _day(clock.now(), zone)).days + 1
    return f"about {days} {'day' if days == 1 else 'days'} under the quota, if {given}"


@dataclass(frozen=True, slots=True)
class ToVisit:
    """A person on a visitor campaign's list: when the profile is opened, or why it is not."""

    name: str
    profile_url: str
    at: datetime | None
    why_not: str


def people_to_visit(people: Sequence[ToVisit]) -> Table | Text:
    """Return whose profiles are opened about when, and why others are not."""
    if not people:
        return Text("nobody is to be visited: all of them were lately, or there are none")
    table = Table("who", "profile", "when", "why not", expand=True)
    for person in people:
        table.add_row(
            Text(person.name, overflow="fold"),
            Text(person.profile_url, overflow="fold"),
            f"about {utc(person.at)}" if person.at else "",
            Text(person.why_not),
        )
    return table


def how_far(walk: Walk, limit: int) -> Table:
    """Return how far a search is."""
    grid, at = Table.grid(padding=(0, 2)), walk.progress
    score = f"; the best {walk.best}, the mean {walk.mean}" if walk.scored else ""
    lines = {
        "search": f"{walked(at.search)}; at most {limit}" if at.search else "not begun",
        "profiles": f"{at.read} read, {at.waiting} to come",
        "scored": f"{walk.scored}{score}",
        "next": _next(walk),
    }
    for name, says in lines.items():
        grid.add_row(Text(f"  {name:<9}", "dim"), Text(says, overflow="fold"))
    return grid


def _next(walk: Walk) -> str:
    if walk.state is not CampaignState.PLANNED:
        return f"nothing: the campaign is {walk.state}"
    if walk.nothing_left:
        return "nothing is left"
    if walk.waits_for is not None and walk.not_before is not None:
        return f"{in_words(walk.waits_for)}; not before {utc(walk.not_before)}"
    return "under way"
