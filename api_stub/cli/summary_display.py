"""What `rapport summary` and `rapport campaign show` print."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from api_stub.cli.formatting import how_many, in_words, utc
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.searches import SearchRecord
from db.store.reports.summary import CampaignSummary
from worker.errors import Reason
from worker.rules.model import CampaignKind, SearchEnd
from worker.rules.summary import Happened, LeftOut, Open, Summary

_Line = tuple[str, str]

_NAMED = 5

_OF_GREETINGS = {"sent", "replies"}
"""Lines that say nothing of a campaign that greets nobody."""


def of_day(day: Summary) -> RenderableType:
    """Return one day of an account."""
    head = Text(f"{day.account}, {day.on:%A %d %B %Y} in {day.time_zone}\n", "bold")
    head.append(f"as of {utc(day.as_of)}", "dim")
    return Group(head, _grid(_day_lines(day)), "")


def of_campaign(summary: CampaignSummary) -> RenderableType:
    """Return what a campaign came to, and whom it left out."""
    campaign = summary.campaign
    why = f": {in_words(campaign.reason)}" if campaign.reason else ""
    detail = f" ({campaign.detail})" if campaign.detail else ""
    head = Text(f"{campaign.kind} campaign of {campaign.account} is {campaign.state}{why}{detail}\n", "bold")
    options = ", ".join(_told(campaign.options))
    head.append(f"{campaign.id}, asked for {utc(campaign.created_at)}\n{options or 'no options'}", "dim")
    if campaign.preview is not None:
        return Group(head, preview(campaign.preview) if _of_birthdays(campaign) else _plain(campaign.preview))
    lines = [*_happened(summary.happened), *_open(summary.open)]
    if not _of_birthdays(campaign):
        lines = [line for line in lines if line[0] not in _OF_GREETINGS]
    if summary.search is not None:
        lines.insert(0, ("search", walked(summary.search)))
    parts: list[RenderableType] = [head, _grid(lines)]
    if summary.left_out:
        parts += ["", _left_out(summary.left_out)]
    return Group(*parts)


def _told(options: Mapping[str, object]) -> Iterator[str]:
    """Say the options that say something; criteria one by one, lists by their first few."""
    for name, value in sorted(options.items()):
        if isinstance(value, Mapping):
            yield from _told(value)
        elif isinstance(value, list) and value:
            more = f" and {len(value) - _NAMED} more" if len(value) > _NAMED else ""
            yield f"{name} {' / '.join(map(str, value[:_NAMED]))}{more}"
        elif value not in (None, "", []):
            yield f"{name} {value}"


def walked(search: SearchRecord) -> str:
    """Say how far a campaign's search is."""
    ended = {
        None: "goes on",
        SearchEnd.LIMIT: "ended at its limit",
        SearchEnd.NO_MORE_PAGES: "ended, the site has no further page",
        SearchEnd.NO_NEWS: "ended, the last pages held nobody to be visited",
        SearchEnd.FAILED: "ended at a page that could not be read",
    }
    return f"pages read: {search.pages}, people found: {search.found}; it {ended[search.ended]}"


def _of_birthdays(campaign: CampaignRecord) -> bool:
    return campaign.kind is CampaignKind.BIRTHDAY


def _plain(lines: Sequence[Mapping[str, str]]) -> Table | Text:
    """Return a preview whose lines say what they are themselves."""
    if not lines:
        return Text("nobody, for now")
    table = Table(*(name.replace("_", " ") for name in lines[0]), title="Dry run")
    for line in lines:
        table.add_row(*(Text(value, overflow="fold") for value in line.values()))
    return table


def preview(lines: Sequence[Mapping[str, str]]) -> Table | Text:
    """Return what a dry run would send to whom, and why others are left out."""
    if not lines:
        return Text("nobody has a birthday in these days")
    table = Table("who", "birthday", "what would be sent", "when, or why not", title="Dry run", expand=True)
    for line in lines:
        left_out = in_words(Reason(line["left_out"])) if line["left_out"] else ""
        # A dry run of an older version doesn't say these two.
        planned_as, at = line.get("already", ""), line.get("when", "")
        already = f"{planned_as} already" if planned_as else ""
        when = f"about {utc(datetime.fromisoformat(at))}" if at else "not in time"
        table.add_row(
            Text(line["contact"], overflow="fold"),
            line["on"],
            Text(line["message"], "" if not (left_out or already) else "dim"),
            Text(left_out or already or when),
        )
    return table


def _day_lines(day: Summary) -> Iterator[_Line]:
    yield from _happened(day.happened)
    share = "" if day.reply_share is None else f", {day.reply_share:.0%}"
    greeted = how_many(day.greeted, "greeting was", "greetings were")
    yield "30 days", f"{day.answered} of {greeted} answered{share}"
    if day.open is None or day.quota is None or day.birthdays_next_day is None:
        yield "open", "not known: nobody looked at the end of that day"
        return
    yield from _open(day.open)
    left = day.quota
    week = f"in 7 days {left.used_week} used, {left.left_week} left"
    yield "quota", f"{how_many(left.used_day, 'greeting', 'greetings')} used, {left.left_day} left; {week}"
    yield "next day", how_many(day.birthdays_next_day, "birthday", "birthdays")


def _happened(happened: Happened) -> Iterator[_Line]:
    yield "sent", f"{how_many(happened.sent, 'greeting', 'greetings')}, {happened.late} of them late"
    if happened.visits or happened.pages:
        pages = how_many(happened.pages, "page of people found", "pages of people found")
        yield "read", f"{how_many(happened.visits, 'profile', 'profiles')}, {pages}"
    if happened.withdrawn:
        yield "withdrawn", how_many(happened.withdrawn, "invitation", "invitations")
    if happened.settled_by_hand:
        yield "by hand", f"{how_many(happened.settled_by_hand, 'was', 'were')} seen in the thread by a person"
    yield "left out", _by_reason(happened.skipped)
    yield "failed", _by_reason(happened.failed)
    yield "replies", str(happened.replies)


def _open(still: Open) -> Iterator[_Line]:
    yield "waiting", _by_reason(still.waiting)
    yield "due", f"{still.due}, and {still.under_way} under way"
    if still.uncertain:
        yield "uncertain", f"{still.uncertain} may have been sent: a worker looks"
    if still.proposed:
        yield "proposed", f"{still.proposed} wait for your approval"
    if still.needs_review:
        yield "to settle", f"{still.needs_review} wait for you: rapport actions review"


def _by_reason(reasons: Mapping[Reason, int]) -> str:
    told = "; ".join(f"{count} {in_words(reason)}" for reason, count in reasons.items())
    return f"{sum(reasons.values())}: {told}" if told else "none"


def _grid(lines: Sequence[_Line] | Iterator[_Line]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for name, says in lines:
        grid.add_row(Text(f"  {name:<9}", "dim"), Text(says, overflow="fold"))
    return grid


def _left_out(people: Sequence[LeftOut]) -> Table:
    table = Table("who was left out", "occasion", "why", box=None, pad_edge=False)
    for person in people:
        why = in_words(person.reason) + (f"; {person.detail}" if person.detail else "")
        table.add_row(Text(person.contact, overflow="fold"), person.occasion, Text(why, overflow="fold"))
    return table
