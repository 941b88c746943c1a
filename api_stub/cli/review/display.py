"""Render a proposal: the person, the text, and earlier messages."""

from collections.abc import Iterator, Sequence
from datetime import date

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from api_stub.cli.formatting import short_id
from api_stub.cli.outlook import describe_outlook
from api_stub.cli.terminal import Console
from db.store.actions.proposals import LastContact, Proposal
from worker.rules.characters import sanitise_text
from worker.rules.model import Kind

_LAST_CONTACT_TEXTS = {
    Kind.GREET: "you wrote",
    Kind.VISIT: "you looked at the profile",
    Kind.COLLECT: "you came upon the profile",
    Kind.WITHDRAW: "you withdrew an invitation",
    None: "they wrote",
}
_PAST_TEXT_CHARACTERS = 80
_WIDE_COLUMNS = 100


def render_proposal(
    proposal: Proposal,
    *,
    position: int,
    total: int,
    note: str,
    keys: Sequence[str],
    width: int,
    draft: str | None = None,
) -> RenderableType:
    """Render the whole screen of a proposal; a `draft` replaces its text.

    The text is never cut, whatever the height of the screen, because it is what is approved.
    """
    wide = width >= _WIDE_COLUMNS
    where = Table.grid(expand=True)
    where.add_column()
    where.add_column(justify="right")
    where.add_row(
        Text(f"{position} of {total}", "bold"),
        Text(f"account {proposal.account}, campaign {short_id(proposal.campaign_id)}", "dim"),
    )
    title = "would be sent" if draft is None else "would be sent, in your words"
    text = Panel(
        Text(sanitise_text(proposal.message if draft is None else draft)),
        title=title,
        title_align="left",
        border_style="cyan" if draft is None else "magenta",
        padding=(1, 2) if wide else (0, 1),
    )
    beside = Table.grid(expand=True, padding=(0, 2, 0, 0))
    beside.add_column(ratio=3)
    beside.add_column(ratio=2)
    beside.add_row(text, Padding(_render_history(proposal), (1, 0)))
    return Group(
        where,
        Rule(style="dim"),
        _render_person(proposal),
        beside if wide else Group(text, _render_history(proposal, one_line=True)),
        Text(note, "yellow"),
        Text("   ").join(_render_key(key) for key in keys),
    )


def _render_key(key: str) -> Text:
    """Render a key and what it does."""
    letter, _, does = key.partition(" ")
    return Text.assemble((letter, "bold reverse"), f" {does}")


def show_screen(console: Console, screen: RenderableType) -> None:
    """Clear the terminal and print one screen."""
    console.clear()
    console.print(screen)


def render_plain(proposal: Proposal) -> Text:
    """Render a proposal as plain lines, for `--list`."""
    text = Text(
        f"{sanitise_text(proposal.contact)} ({_format_birthday(proposal)}), account {proposal.account}\n",
        "bold",
    )
    lines = (
        *filter(None, (_format_work(proposal),)),
        proposal.profile_url,
        *_list_warnings(proposal),
        *filter(None, (_format_outlook(proposal),)),
        f"last contact: {_format_last_contact(proposal.last_contact)}",
        *(f"had on {past.at:%Y-%m-%d}: {_shorten(past.message)}" for past in proposal.past_texts),
        f"text: {sanitise_text(proposal.message)}",
    )
    text.append("".join(f"  {line}\n" for line in lines), "default")
    text.append(f"  action {proposal.id}, campaign {short_id(proposal.campaign_id)}", "dim")
    return text


def _render_person(proposal: Proposal) -> RenderableType:
    text = Text(sanitise_text(proposal.contact), "bold cyan")
    if work := _format_work(proposal):
        text.append(f"\n{work}", "default not bold")
    text.append(f"\n{proposal.profile_url}\n", "dim not bold")
    text.append(_format_birthday(proposal), "bold default")
    facts = (
        f"language {proposal.language}" if proposal.language else "language not known",
        f"may be sent until {_format_day(proposal.expires_on)}" if proposal.expires_on else "",
        _format_outlook(proposal),
    )
    text.append("".join(f"  ·  {fact}" for fact in facts if fact), "default not bold")
    for warning in _list_warnings(proposal):
        text.append(f"\n{warning}", "bold yellow")
    return text


def _format_outlook(proposal: Proposal) -> str:
    """Say when it goes out if it is approved now, as the forecast says."""
    found = proposal.outlook
    if found is None:
        return ""
    says = describe_outlook(found.reached_at, found.held_back, found.action.until)
    return f"if approved now, sent {says}" if found.reached_at else says


def _list_warnings(proposal: Proposal) -> Iterator[str]:
    if proposal.do_not_contact:
        yield "not to be contacted: it can't be approved"
    if proposal.expires_on is not None and proposal.expires_on < proposal.today:
        yield "its last day has passed: it can't be approved"
    if proposal.days_late > 0 and proposal.worded_for not in {None, proposal.today}:
        yield f"the text was written for {_format_day(proposal.worded_for)}: does it still fit?"


def _format_work(proposal: Proposal) -> str:
    return sanitise_text(", ".join(filter(None, (proposal.headline, proposal.company))))


def _format_birthday(proposal: Proposal) -> str:
    late = proposal.days_late
    if late == 0:
        return f"birthday today, {_format_day(proposal.occasion_on)}"
    days = f"{abs(late)} day{'' if abs(late) == 1 else 's'}"
    return f"birthday {_format_day(proposal.occasion_on)}, {f'{days} late' if late > 0 else f'in {days}'}"


def _render_history(proposal: Proposal, *, one_line: bool = False) -> RenderableType:
    texts = Table.grid(padding=(0, 1))
    texts.add_column(min_width=10)
    texts.add_column(no_wrap=one_line, overflow="ellipsis")
    for past in proposal.past_texts:
        texts.add_row(Text(f"{past.at:%Y-%m-%d}", "cyan"), Text(_shorten(past.message)))
    return Group(
        Text.assemble(("last contact  ", "dim"), _format_last_contact(proposal.last_contact)),
        Text("last texts to this person", "dim"),
        texts if proposal.past_texts else Text("none from this account"),
    )


def _format_last_contact(last: LastContact | None) -> str:
    if last is None:
        return "none known"
    by = f" from account {last.account}" if last.account else ""
    return f"{last.at:%Y-%m-%d}, {_LAST_CONTACT_TEXTS[last.kind]}{by}"


def _shorten(text: str) -> str:
    line = " ".join(sanitise_text(text).split())
    return line if len(line) <= _PAST_TEXT_CHARACTERS else f"{line[:_PAST_TEXT_CHARACTERS].rstrip()}…"


def _format_day(day: date | None) -> str:
    return f"{day:%d %B}".lstrip("0") if day else ""
