"""Render a proposal: the person, the text, and earlier messages."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from api_stub.cli.formatting import short_id
from api_stub.cli.hints import program
from api_stub.cli.screen.cells import fold_text
from api_stub.cli.terminal import Console
from api_stub.cli.wording import format_day
from api_stub.explain.outlook import describe_outlook
from api_stub.responses.proposal_words import describe_last_contact, list_warnings
from db.store.actions.review.proposals import LastContact, Proposal
from worker.rules.texts.characters import sanitise_text
from worker.rules.wording.counts import format_count

_SLACK = 2
_INDENT = "    "
_BETWEEN = "   "


def render_proposal(
    proposal: Proposal,
    *,
    position: int,
    total: int,
    note: str,
    keys: Sequence[str],
    size: tuple[int, int],
    zone: ZoneInfo,
    draft: str | None = None,
) -> RenderableType:
    """Render the whole screen of a proposal for a terminal of `size`; a `draft` replaces its text.

    The text is never cut, whatever the height, because it is what is approved. Earlier texts are whole too,
    or left out where they don't fit.
    """
    columns, lines = size
    width = columns - _SLACK
    mine, style = ("", "bold cyan") if draft is None else (", in your words", "bold magenta")
    campaign = f"campaign {short_id(proposal.campaign_id)}"
    message = proposal.message if draft is None else draft
    above = [
        *_fold(f"{position} of {total}  {campaign} of account {proposal.account}", width, "dim"),
        *_render_person(proposal, width, zone),
        *_fold(f"would be sent to {proposal.contact}{mine}:", width, style),
        *_fold(message, width, indent=_INDENT),
        Text(""),
    ]
    below = [*_fold(note, width, "yellow"), *_render_keys(keys, width)]
    last = _fold(f"last contact: {_format_last_contact(proposal.last_contact, zone)}", width)
    space = lines - len(above) - len(below) - len(last) - 2
    return Group(*above, *last, *_render_past_texts(proposal, width, space, zone), Text(""), *below)


def _fold(text: str, width: int, style: str = "", indent: str = "") -> list[Text]:
    lines = fold_text(sanitise_text(text), width - len(indent)) if text else []
    return [Text(indent + line, style, no_wrap=True, overflow="ignore") for line in lines]


def _render_keys(keys: Sequence[str], width: int) -> list[Text]:
    """Render the keys and what each does, on as many lines as they need."""
    lines = [Text()]
    for key in keys:
        letter, _, does = key.partition(" ")
        part = Text.assemble((letter, "bold reverse"), f" {does}")
        if lines[-1] and len(lines[-1]) + len(_BETWEEN) + len(part) > width:
            lines.append(Text())
        lines[-1].append(_BETWEEN if lines[-1] else "").append_text(part)
    return lines


def show_screen(console: Console, screen: RenderableType) -> None:
    """Clear the terminal and print one screen."""
    console.clear()
    console.print(screen, crop=False)


def render_plain(proposal: Proposal, zone: ZoneInfo) -> Text:
    """Render a proposal as plain lines, for `--list`."""
    text = Text(
        f"{sanitise_text(proposal.contact)} ({_format_birthday(proposal)}), account {proposal.account}\n",
        "bold",
    )
    lines = (
        *filter(None, (_format_work(proposal),)),
        proposal.profile_url,
        *_list_warnings(proposal),
        *filter(None, (_format_outlook(proposal, zone),)),
        f"last contact: {_format_last_contact(proposal.last_contact, zone)}",
        *(f"had on {_format_date(past.at, zone)}: {past.message}" for past in proposal.past_texts),
        f"text: {sanitise_text(proposal.message)}",
    )
    text.append("".join(f"  {line}\n" for line in lines), "default")
    text.append(f"  action {proposal.id}, campaign {short_id(proposal.campaign_id)}", "dim")
    return text


def _render_person(proposal: Proposal, width: int, zone: ZoneInfo) -> Iterator[Text]:
    yield from _fold(proposal.contact, width, "bold cyan")
    yield from _fold(_format_work(proposal), width)
    yield from _fold(proposal.profile_url, width, "dim")
    facts = (
        _format_birthday(proposal),
        f"language {proposal.language}" if proposal.language else "language not known",
        f"may be sent until {_format_day(proposal.expires_on)}" if proposal.expires_on else "",
        _format_outlook(proposal, zone),
    )
    yield from _fold("  ·  ".join(filter(None, facts)), width)
    for warning in _list_warnings(proposal):
        yield from _fold(warning, width, "bold yellow")
    yield Text("")


def _format_outlook(proposal: Proposal, zone: ZoneInfo) -> str:
    """Say when it goes out if it is approved now, as the forecast says."""
    found = proposal.outlook
    if found is None:
        return ""
    says = describe_outlook(found.reached_at, found.held_back, found.action.until, zone)
    return f"if approved now, sent {says}" if found.reached_at else says


def _list_warnings(proposal: Proposal) -> Iterator[str]:
    for warning in list_warnings(proposal, _format_day):
        yield sanitise_text(str(warning))


def _format_work(proposal: Proposal) -> str:
    return sanitise_text(", ".join(filter(None, (proposal.headline, proposal.company))))


def _format_birthday(proposal: Proposal) -> str:
    late = proposal.days_late
    if late == 0:
        return f"birthday today, {_format_day(proposal.occasion_on)}"
    days = f"{abs(late)} day{'' if abs(late) == 1 else 's'}"
    return f"birthday {_format_day(proposal.occasion_on)}, {f'{days} late' if late > 0 else f'in {days}'}"


def _render_past_texts(proposal: Proposal, width: int, space: int, zone: ZoneInfo) -> Iterator[Text]:
    """Yield the last texts to this person, each whole, as many as fit into `space` lines."""
    if not proposal.past_texts:
        yield Text("last texts to this person: none from this account", "dim")
        return
    yield Text("last texts to this person:", "dim")
    for shown, past in enumerate(proposal.past_texts):
        lines = [
            *_fold(_format_date(past.at, zone), width, "cyan"),
            *_fold(past.message, width, indent=_INDENT),
        ]
        space -= len(lines)
        if space < 0:
            rest = format_count(len(proposal.past_texts) - shown, "text doesn't", "texts don't")
            yield from _fold(f"{rest} fit here: `{program()} contacts show` shows all", width, "dim")
            return
        yield from lines


def _format_last_contact(last: LastContact | None, zone: ZoneInfo) -> str:
    if last is None:
        return "none known"
    by = f" from account {last.account}" if last.account else ""
    return f"{_format_date(last.at, zone)}, {describe_last_contact(last)}{by}"


def _format_date(instant: datetime, zone: ZoneInfo) -> str:
    return format_day(instant.astimezone(zone).date())


def _format_day(day: date | None) -> str:
    return f"{day:%d %B}".lstrip("0") if day else ""
