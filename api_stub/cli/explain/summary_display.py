"""Render the output of `rapport summary` and `rapport campaign show`."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from api_stub.cli.formatting import (
    create_table,
    describe_progress,
    folding_text,
    format_time,
    render_facts,
)
from api_stub.cli.hints import as_typed, describe_log, program
from api_stub.cli.screen.tables import Table
from api_stub.cli.wording import describe_away, describe_occasion, describe_options, format_day
from api_stub.explain.outlook import describe_outlook
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.searches import SearchRecord
from db.store.people.holds import AwayPerson
from db.store.reports.forecasts.birthday_forecast import OutlookCounts
from db.store.reports.summary import CampaignSummary
from worker.errors import Reason
from worker.rules.lifecycle import END_STATES
from worker.rules.model import CampaignKind, SearchEnd
from worker.rules.reports.summary import NotGreeted, OpenCounts, Summary
from worker.rules.wording.counts import format_count
from worker.rules.wording.reasons import describe_reason, reason_suffix
from worker.rules.wording.summaries import list_event_lines, list_open_lines

_Line = tuple[str, str]

_GREETING_LINES = {"sent", "replies"}
"""Lines that only concern campaigns with greetings."""


def render_day_summary(
    day: Summary, outlook: OutlookCounts | None = None, away: Sequence[AwayPerson] = ()
) -> RenderableType:
    """Render the summary of an account's day.

    `outlook` is the forecast of what is still planned, `away` who is away by their automatic answers.
    """
    head = Text(f"{day.account}, {day.on:%A %d %B %Y} in {day.time_zone}\n", "bold")
    head.append(f"as of {format_time(day.as_of, ZoneInfo(day.time_zone))}", "dim")
    absent = [("away", f"{who.full_name}, {describe_away(who.until, who.profile_url)}") for who in away]
    lines = [*_day_lines(day), *_outlook_lines(day.account, outlook), *absent]
    return Group(head, render_facts(lines), "")


def render_campaign_summary(summary: CampaignSummary, zone: ZoneInfo) -> RenderableType:
    """Render a campaign's results and the people it left out, with times in the account's zone."""
    campaign = summary.campaign
    why = reason_suffix(campaign.reason)
    detail = f" ({campaign.detail})" if campaign.detail else ""
    progress = describe_progress(summary.progress)
    head = Text(f"{campaign.kind} campaign of {campaign.account}: {progress}{why}{detail}\n", "bold")
    options = ", ".join(describe_options(campaign.options))
    asked = format_time(campaign.created_at, zone)
    head.append(f"{campaign.id}, requested {asked}\n{options or 'no options'}\n", "dim")
    head.append(describe_log(campaign.correlation_id), "dim")
    if campaign.preview is not None:
        return Group(
            head,
            render_preview(campaign.preview, zone)
            if _is_birthday(campaign)
            else _render_plain_preview(campaign.preview),
        )
    lines = [*list_event_lines(summary.happened), *_open_lines(summary.open)]
    if not _is_birthday(campaign):
        lines = [line for line in lines if line[0] not in _GREETING_LINES]
    if summary.search is not None:
        lines.insert(0, ("search", describe_search(summary.search)))
    parts: list[RenderableType] = [head, render_facts(lines)]
    if summary.left_out:
        parts += ["", _render_left_out(summary.left_out)]
    return Group(*parts)


def describe_search(search: SearchRecord) -> str:
    """Describe the progress of a campaign's search."""
    ended = {
        None: "continues",
        SearchEnd.LIMIT: "ended at its limit",
        SearchEnd.NO_MORE_PAGES: "ended at the site's last page",
        SearchEnd.NO_NEWS: "ended, because the last pages had nobody to visit",
        SearchEnd.FAILED: "ended at a page that could not be read",
    }
    return f"pages read: {search.pages}, people found: {search.found}; it {ended[search.ended]}"


def _is_birthday(campaign: CampaignRecord) -> bool:
    return campaign.kind is CampaignKind.BIRTHDAY


def _render_plain_preview(lines: Sequence[Mapping[str, str]]) -> Table | Text:
    """Render a preview with the field names as headings."""
    if not lines:
        return Text("nobody, for now")
    table = Table(*(name.replace("_", " ") for name in lines[0]))
    for line in lines:
        table.add_row(*(folding_text(value) for value in line.values()))
    return table


def render_preview(lines: Sequence[Mapping[str, str]], zone: ZoneInfo) -> Table | Text:
    """Render who would be sent what by a dry run, and why others are left out."""
    if not lines:
        return Text("nobody has a birthday in this period")
    message = "what would be sent"
    table = create_table("who", "birthday", message, "when, or why not", texts={message})
    for line in lines:
        left_out = _describe_left_out(line) if line["left_out"] else ""
        planned_as = line.get("already", "")  # a dry run of an older version doesn't have it
        already = f"{planned_as} already, " if planned_as else ""
        when = "" if left_out or _has_ended(planned_as) else _describe_preview_time(line, zone)
        table.add_row(
            folding_text(line["contact"]),
            format_day(date.fromisoformat(line["on"])),
            Text(line["message"], "" if not (left_out or already) else "dim"),
            Text(left_out or (already + when).removesuffix(", ")),
        )
    return table


def _describe_left_out(line: Mapping[str, str]) -> str:
    """Say why a person is left out, and how to name a person without a name."""
    # a dry run of an older version has neither `detail` nor `held_until`
    reason, detail, held = Reason(line["left_out"]), line.get("detail"), line.get("held_until")
    until = f" until {format_day(date.fromisoformat(held))}" if held else ""
    why = f"{describe_reason(reason)}{until}{f': {detail}' if detail else ''}"
    if reason is not Reason.NO_NAME:
        return why
    key = line.get("profile_url", "").rstrip("/").rpartition("/")[2] or line["contact"]
    return f"{why}; {program()} contacts call {shlex.quote(key)} NAME"


def _has_ended(planned_as: str) -> bool:
    return planned_as in END_STATES


def _describe_preview_time(line: Mapping[str, str], zone: ZoneInfo) -> str:
    """Say when the greeting of a preview's line goes out; older versions stored fewer of its fields."""
    at, waits_for, until = (line.get(name, "") for name in ("when", "waits_for", "until"))
    return describe_outlook(
        datetime.fromisoformat(at) if at else None,
        Reason(waits_for) if waits_for else None,
        date.fromisoformat(until) if until else None,
        zone,
    )


def _day_lines(day: Summary) -> Iterator[_Line]:
    yield from list_event_lines(day.happened)
    share = "" if day.reply_share is None else f", {day.reply_share:.0%}"
    greeted = format_count(day.greeted, "greeting was", "greetings were")
    yield "30 days", f"{day.answered} of {greeted} answered{share}"
    if day.open is None or day.quota is None or day.birthdays_next_day is None:
        yield "open", "not known: it was not recorded at the end of that day"
        return
    yield from _open_lines(day.open)
    left = day.quota
    week = f"in 7 days {left.used_week} used, {left.left_week} left"
    yield (
        "quota",
        f"{format_count(left.used_day, 'greeting', 'greetings')} used, {left.left_day} left; {week}",
    )
    yield "next day", format_count(day.birthdays_next_day, "birthday", "birthdays")


def _outlook_lines(account: str, outlook: OutlookCounts | None) -> Iterator[_Line]:
    counts = (
        ()
        if outlook is None
        else ((outlook.today, "today"), (outlook.later, "later"), (outlook.too_late, "too late to be sent"))
    )
    if shown := ", ".join(f"{count} {when}" for count, when in counts if count):
        yield "outlook", as_typed(f"{shown}: `rapport forecast {account}`")


def _open_lines(still: OpenCounts) -> Iterator[_Line]:
    for name, text in list_open_lines(still):
        yield name, as_typed(text)


def _render_left_out(people: Sequence[NotGreeted]) -> Table:
    table = create_table("who was left out", "occasion", "why")
    for person in people:
        why = describe_reason(person.reason) + (f"; {person.detail}" if person.detail else "")
        table.add_row(folding_text(person.contact), describe_occasion(person.occasion), folding_text(why))
    return table
