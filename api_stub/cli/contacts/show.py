"""`rapport contacts list`, `show`: list people, and show everything that is known about one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountFilter,
    AsJson,
    DataDir,
    load_zones,
    open_session,
    print_answer,
    require_account,
)
from api_stub.cli.evidence import list_evidence
from api_stub.cli.formatting import (
    create_table,
    folding_text,
    format_time,
    print_lines,
    print_text,
    render_facts,
    short_id,
)
from api_stub.cli.lookup import Who, WhoseAccount, choose_contact
from api_stub.cli.servers.local_servers import load_settings
from api_stub.cli.terminal import Console
from api_stub.cli.wording import describe_away, describe_occasion, format_day
from api_stub.explain.outlook import Outlooks, describe_wait, read_outlooks
from api_stub.responses.contacts import ContactOut
from db.store.people import contact_list
from db.store.people.contact_list import ContactFilters, ContactLine
from db.store.reports.contacts import contact_details
from db.store.reports.contacts.contact_details import (
    CampaignScore,
    ContactDetails,
    LeftOut,
    OpenAction,
    PastInteraction,
)
from worker.errors import Reason
from worker.rules.model import ActionState, ContactStatus
from worker.rules.sourcing.profile import Profile, Section
from worker.rules.wording.reasons import reason_suffix

Item = TypeVar("Item")

_DETAILED = frozenset({Reason.NAME_DIFFERS, Reason.ON_HOLD})
"""Reasons whose detail says what a person needs for a decision."""


def list_contacts(
    *,
    account: AccountFilter = None,
    status: Annotated[ContactStatus | None, typer.Option(help="Only those with this status.")] = None,
    min_score: Annotated[
        int | None, typer.Option(min=0, max=100, help="Only those with this score or more.")
    ] = None,
    open_to_work: Annotated[
        bool, typer.Option("--open-to-work", help="Only those whose profile says so.")
    ] = False,
    text: Annotated[
        str,
        typer.Option(
            help="Only those with these words in name, headline, location or company; accents and case don't "
            "matter."
        ),
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many.")] = 50,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List people, in the order in which they became known. GET /data/contacts gives all pages."""
    wanted = ContactFilters(account, status, min_score, open_to_work or None, text.strip())
    with open_session(data) as session:
        if account is not None:
            require_account(session, account)
        found = contact_list.list_contacts(session, wanted, limit=limit)
        zones = load_zones(session)
    if as_json:
        print_answer([ContactOut.model_validate(line) for line in found])
        return
    if not found:
        print_text("no match")
        return
    table = create_table("who", "account", "status", "score", "headline", "location", "last")
    for line in found:
        table.add_row(
            folding_text(line.name),
            line.account,
            _format_status(line),
            "" if line.score is None else str(line.score),
            folding_text(line.headline),
            folding_text(line.location),
            _format_last_contact(line, zones[line.account]),
        )
    Console().print(table)
    if len(found) == limit:
        print_text(
            f"these are the first {limit}: --limit shows more, the other options narrow the list", "dim"
        )


def show_contact(
    who: Who,
    account: WhoseAccount = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show everything that is known about a person: profile, scores with reasons, history, plans."""
    chosen = choose_contact(data, who, account=account)
    with open_session(data, snapshot=True) as session:
        found = contact_details.get_contact_details(session, chosen.id)
        owner = require_account(session, found.account)
        outlooks = read_outlooks(session, owner) if found.open_actions and not as_json else {}
    zone = owner.zone
    recorded = [event.screenshot for event in reversed(found.interactions)]
    pictures = list_evidence(load_settings(data), chosen.account_id, chosen.profile_url, recorded=recorded)
    if as_json:
        print_answer({**asdict(found), "screenshots": pictures})
        return
    console = Console()
    console.print(Text(found.name, "bold"), render_facts(_header_lines(found, zone)))
    for title, lines in (
        ("profile", list(_profile_lines(found.stored_profile.profile)) if found.stored_profile else []),
        ("scores", [line for score in found.scores for line in _score_lines(score)]),
        ("what happened", [_format_event(event, zone) for event in found.interactions]),
        ("what is planned", [_format_plan(action, outlooks, zone) for action in found.open_actions]),
        ("what was left out", [_format_left_out(action, zone) for action in found.left_out]),
        ("screenshots", pictures),
    ):
        if lines:
            console.print(Text(title, "bold"))
            print_lines(lines)


def _header_lines(found: ContactDetails, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    facts = found.facts
    yield "address", found.profile_url
    yield "account", f"{found.account}, known since {format_time(found.known_since, zone)}"
    degree = f", degree {facts['degree']}" if facts.get("degree") else ""
    yield "status", found.status.replace("_", " ") + degree
    for key in ("headline", "location", "company"):
        if facts.get(key):
            yield key, str(facts[key])
    if facts.get("open_to_work") is not None:
        yield "open", "marked as open to work" if facts["open_to_work"] else "not marked as open to work"
    if found.email or found.language:
        language = f"{found.language}{_by_hand(found, 'language_by')}" if found.language else ""
        yield "contact", ", ".join(filter(None, (found.email, language)))
    if found.birthday is not None:
        year, month, day = found.birthday
        birthday = f"{f'{year}-' if year else ''}{month:02}-{day:02}"
        yield "birthday", f"{birthday}{_by_hand(found, 'birthday')}"
    if found.call_by is not None:
        yield "called", f"{found.call_by}{_by_hand(found, 'call_by')}"
    if found.score is not None:
        yield "score", str(found.score)
    yield (
        "profile",
        f"read {format_time(found.stored_profile.read_at, zone)}" if found.stored_profile else "not read yet",
    )
    if found.replied_at is not None:
        yield "replied", format_time(found.replied_at, zone)
    if found.away_until is not None:
        yield "away", describe_away(found.away_until, found.profile_url)
    yield "contact?", _describe_permission(found)


def _describe_permission(found: ContactDetails) -> str:
    if found.do_not_contact:
        return "never: do not contact"
    if found.hold_until is None:
        return "may be contacted"
    why = f": {found.hold_reason}" if found.hold_reason else ""
    return f"on hold until {format_day(found.hold_until)}, by {found.hold_by}{why}"


def _by_hand(found: ContactDetails, value: str) -> str:
    """Return who set a value by hand and when, or an empty text."""
    signed = found.by_hand.get(value)
    return f" (by hand: {signed['by']}, {signed['at'][:10]})" if signed else ""


def _profile_lines(profile: Profile) -> Iterator[str]:
    """Yield the sections that were read, also empty ones."""
    if profile.about is not None:
        yield f"about: {profile.about or 'nothing'}"
    jobs = _map_known(
        profile.positions,
        lambda job: f"{job.title}, {job.company}{_format_period(job.started_on, job.ended_on)}",
    )
    schools = _map_known(
        profile.education, lambda one: f"{one.school}, {one.degree}{_format_period(one.started, one.ended)}"
    )
    for section, lines in ((Section.POSITIONS, jobs), (Section.EDUCATION, schools)):
        if lines is not None:
            yield f"{section}: {'' if lines else 'nothing'}"
            yield from (f"  {line}" for line in lines)
    for section, words in (
        (Section.SKILLS, profile.skills),
        (Section.LANGUAGES, profile.languages),
        (Section.CERTIFICATIONS, profile.certifications),
    ):
        if words is not None:
            yield f"{section}: {', '.join(words) or 'nothing'}"


def _map_known(items: Sequence[Item] | None, format_item: Callable[[Item], str]) -> Sequence[str] | None:
    return None if items is None else [format_item(item) for item in items]


def _format_period(started: date | int | None, ended: date | int | None) -> str:
    """Format a period in months or years."""
    begin, end = (f"{one:%Y-%m}" if isinstance(one, date) else str(one or "") for one in (started, ended))
    if begin and end:
        return f" ({begin} to {end})"
    return f" (since {begin})" if begin else f" (until {end})" if end else ""


def _score_lines(score: CampaignScore) -> Iterator[str]:
    points = "not scored" if score.score is None else f"{score.score} of 100"
    yield f"{points} in {score.kind} campaign {short_id(score.campaign_id)}, found on page {score.page}"
    yield from (f"  {reason}" for reason in score.reasons)


def _format_event(event: PastInteraction, zone: ZoneInfo) -> str:
    text = f": {event.message}" if event.message else ""
    replied = f"; replied {format_time(event.replied_at, zone)}" if event.replied_at else ""
    occasion = describe_occasion(event.occasion)
    automatic = (
        f"; automatic answer {format_time(event.automatic_at, zone)}, no reply" if event.automatic_at else ""
    )
    happened = f"{event.type} for {occasion} ({event.status})"
    return f"{format_time(event.at, zone)}  {happened}{text}{automatic}{replied}"


def _format_plan(action: OpenAction, outlooks: Outlooks, zone: ZoneInfo) -> str:
    what = f"{short_id(action.id)}  {action.kind} for {describe_occasion(action.occasion)} is {action.state}"
    if action.state not in {ActionState.PLANNED, ActionState.UNCERTAIN}:
        detail = f" ({action.detail})" if action.detail and action.reason in _DETAILED else ""
        return f"{what}{reason_suffix(action.reason)}{detail}"
    outlook = outlooks.get(action.id) if action.state is ActionState.PLANNED else None
    return f"{what}: {describe_wait(action.reason, action.not_before, outlook, zone)}"


def _format_left_out(action: LeftOut, zone: ZoneInfo) -> str:
    detail = f" ({action.detail})" if action.detail else ""
    return (
        f"{format_time(action.at, zone)}  {action.kind} for {describe_occasion(action.occasion)} was "
        f"{action.state}{reason_suffix(action.reason)}{detail}"
    )


def _format_status(line: ContactLine) -> str:
    parts: Sequence[str] = (
        line.status.replace("_", " "),
        "open to work" if line.open_to_work else "",
        "do not contact" if line.do_not_contact else "",
    )
    return ", ".join(filter(None, parts))


def _format_last_contact(line: ContactLine, zone: ZoneInfo) -> str:
    greeted = f"greeted {format_day(line.last_greeted_on)}" if line.last_greeted_on else ""
    visited = f"visited {format_day(line.visited_at.astimezone(zone).date())}" if line.visited_at else ""
    return ", ".join(filter(None, (greeted, visited)))
