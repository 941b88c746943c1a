"""What a campaign would do, from what is stored: computed for the page, without a worker."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.engine import get_database_time
from db.store.campaigns.saved_searches import SearchSpec
from db.store.people import site_checks, visits
from db.store.people.accounts import AccountRecord
from db.store.quota import search_forecast
from db.store.quota.search_forecast import SearchEstimate
from tasks.campaigns.preview_birthdays import preview_birthdays
from tasks.contract import BirthdayOptions, CampaignOptions, SourcingOptions, VisitorOptions
from worker.errors import Reason
from worker.rules.lifecycle import END_STATES
from worker.rules.model import ActionState, Kind
from worker.rules.people.addresses import normalise_profile_url
from worker.rules.sourcing.criteria import Criteria, Criterion, given_criteria, needed_sections
from worker.rules.sourcing.profile import Section
from worker.rules.sourcing.scoring import allocate_points
from worker.rules.sourcing.search import build_search_url

MOST_SHOWN: Final = 40
"""People in each list of a dry run; the rest is counted."""
_MOST_DRAFTED: Final = 250
"""Birthdays that are drafted for a page: three times what may be greeted in a week."""


@dataclass(frozen=True, slots=True)
class PlannedPerson:
    """Somebody who would be greeted or visited: about `when`, if that is within the forecast."""

    name: str
    when: datetime | None = None
    on: date | None = None
    message: str = ""
    waits_for: Reason | None = None
    planned_as: ActionState | None = None


@dataclass(frozen=True, slots=True)
class LeftOutPerson:
    """Somebody who would be left out, and why."""

    name: str
    reason: Reason
    detail: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """A search: its terms and address, what is scored with how many points, and how long it takes."""

    terms: Sequence[tuple[str, str]]
    address: str
    points: Sequence[tuple[Criterion, int]]
    required: frozenset[Criterion]
    sections: Sequence[Section]
    estimate: SearchEstimate
    days: int | None


@dataclass(frozen=True, slots=True)
class DryRun:
    """A dry run: at most MOST_SHOWN people of `total`, and who is left out, with the number for each reason.

    `end` is when the last of them is done. `needs_site`: only a worker can tell, from a page of the site.
    `is_cut`: there are more birthdays than a page computes.
    """

    people: Sequence[PlannedPerson] = ()
    total: int = 0
    left_out: Sequence[LeftOutPerson] = ()
    reasons: Mapping[Reason, int] = field(default_factory=dict)
    end: datetime | None = None
    search: SearchPlan | None = None
    needs_site: bool = False
    needs_approval: bool = False
    is_cut: bool = False


def preview_campaign(
    session: Session, account: AccountRecord, options: CampaignOptions, search: SearchSpec | None
) -> DryRun:
    """Return what the campaign would do. `search` is what `check_campaign_request` returned for it."""
    if isinstance(options, BirthdayOptions):
        supervised = site_checks.is_supervised(session, account.id, account.site)
        lines = preview_birthdays(session, account, options, most=_MOST_DRAFTED)
        dry_run = read_greetings(lines, needs_approval=options.approval or supervised)
        return replace(dry_run, is_cut=len(lines) == _MOST_DRAFTED)
    if search is not None and isinstance(options, VisitorOptions | SourcingOptions):
        return DryRun(search=_plan_search(session, account, options, search))
    if isinstance(options, VisitorOptions):
        return _preview_visits(session, account, options)
    return DryRun(needs_site=True)


def read_greetings(lines: Sequence[Mapping[str, str]], *, needs_approval: bool = False) -> DryRun:
    """Return the dry run in the lines of `preview_birthdays`, who is greeted first before the others."""
    left_out = [line for line in lines if line["left_out"]]
    people = [
        PlannedPerson(
            line["contact"],
            datetime.fromisoformat(line["when"]) if line["when"] else None,
            date.fromisoformat(line["on"]),
            line["message"],
            Reason(line["waits_for"]) if line["waits_for"] else None,
            ActionState(line["already"]) if line.get("already") else None,
        )
        for line in lines
        if not line["left_out"]
    ]
    people.sort(key=lambda person: (person.when is None, person.when, person.name))
    waiting = [person for person in people if person.planned_as not in END_STATES]
    return _dry_run(
        people, [_read_left_out(line) for line in left_out], needs_approval=needs_approval, end=_last(waiting)
    )


def read_visits(lines: Sequence[Mapping[str, str]]) -> DryRun:
    """Return the dry run in the preview of a visitor campaign without a search."""
    people = [
        PlannedPerson(line["contact"]) for line in lines if not line["left_out"] and not line["already"]
    ]
    return _dry_run(people, [_read_left_out(line) for line in lines if line["left_out"]])


def _read_left_out(line: Mapping[str, str]) -> LeftOutPerson:
    until = line.get("held_until")
    return LeftOutPerson(
        line["contact"],
        Reason(line["left_out"]),
        line.get("detail", ""),
        date.fromisoformat(until) if until else None,
    )


def _preview_visits(session: Session, account: AccountRecord, options: VisitorOptions) -> DryRun:
    if options.not_seen_months is not None:
        due = visits.list_unseen_connections(
            session, account.id, months=options.not_seen_months, no_repeat_days=options.no_repeat_days,
            limit=options.limit,
        )  # fmt: skip
        unknown: Sequence[str] = ()
    else:
        addresses = [normalise_profile_url(given, account.site) or given for given in options.profiles]
        known = visits.find_known_contacts(session, account.id, addresses)
        due = visits.check_contacts(
            session, account.id, list(dict.fromkeys(known.values())), no_repeat_days=options.no_repeat_days
        )
        unknown = [address for address in dict.fromkeys(addresses) if address not in known]
    names = [
        person.full_name for person in due if not (person.left_out or person.held_until or person.planned)
    ]
    names = [*names, *unknown][: options.limit]
    left_out = [
        LeftOutPerson(
            person.full_name,
            person.left_out or Reason.ON_HOLD,
            until=person.held_until.astimezone(account.zone).date() if person.held_until else None,
        )
        for person in due
        if person.left_out or person.held_until
    ]
    when = search_forecast.forecast_times(
        session, account.id, Kind.VISIT, len(names), campaign_id=_NO_CAMPAIGN
    )
    people = [PlannedPerson(name, at) for name, at in zip(names, when, strict=True)]
    return _dry_run(people, left_out, end=_last(people))


_NO_CAMPAIGN: Final = UUID(int=0)
"""Stands for a campaign that hasn't been requested."""


def _plan_search(
    session: Session, account: AccountRecord, options: VisitorOptions | SourcingOptions, search: SearchSpec
) -> SearchPlan:
    criteria = search.criteria if isinstance(options, SourcingOptions) else Criteria()
    points = allocate_points(criteria)
    estimate = search_forecast.estimate_search(
        session, account.id, people=options.limit, campaign_id=_NO_CAMPAIGN
    )
    return SearchPlan(
        search.query.terms,
        build_search_url(search.query, account.site),
        [(criterion, points[criterion]) for criterion in sorted(given_criteria(criteria))],
        criteria.required,
        sorted(needed_sections(criteria)),
        estimate,
        _count_days(get_database_time(session), estimate.last_profile, account),
    )


def _count_days(now: datetime, end: datetime | None, account: AccountRecord) -> int | None:
    if end is None:
        return None
    return (end.astimezone(account.zone).date() - now.astimezone(account.zone).date()).days + 1


def _last(people: Sequence[PlannedPerson]) -> datetime | None:
    return max((person.when for person in people if person.when is not None), default=None)


def _dry_run(
    people: Sequence[PlannedPerson],
    left_out: Sequence[LeftOutPerson],
    *,
    end: datetime | None = None,
    needs_approval: bool = False,
) -> DryRun:
    return DryRun(
        people[:MOST_SHOWN],
        len(people),
        left_out[:MOST_SHOWN],
        dict(Counter(person.reason for person in left_out).most_common()),
        end,
        needs_approval=needs_approval,
    )
