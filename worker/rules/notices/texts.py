"""Turn events into notices: one, or several in one message."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from worker.rules.notices.event_texts import TEXTS, EventText
from worker.rules.notices.kinds import NoticeKind, Urgency, urgency_of
from worker.rules.notices.page import (
    LONGEST_TITLE,
    Entry,
    Section,
    clean_line,
    clean_title,
    paragraphs,
    to_plain_text,
)
from worker.rules.notices.payload import Payload
from worker.rules.wording.hints import PROGRAM, with_program

_MOST_LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person reads. `body` is `sections` as plain text; `urgency` is that of its kind."""

    title: str
    body: str
    urgency: Urgency
    sections: tuple[Section, ...] = ()


def render(kind: NoticeKind, payload: Mapping[str, Any], *, program: str = PROGRAM) -> Notice:
    """Return the text of one event. `program` is what a person types to start Rapport here.

    The text of a digest is made from `worker.rules.notices.digest` instead.
    """
    text = TEXTS[kind](Payload(payload))
    return make_notice(kind, text.title, [paragraphs(text.why, text.todo)], program=program)


def render_group(events: Sequence[tuple[NoticeKind, Mapping[str, Any]]], *, program: str = PROGRAM) -> Notice:
    """Return one text for several events: the urgent ones first, and what to do once for each kind.

    Equal lines are counted. Raises IndexError without events.
    """
    if len(events) == 1:
        return render(*events[0], program=program)
    texts = [(kind, TEXTS[kind](Payload(payload))) for kind, payload in events]
    texts.sort(key=lambda each: urgency_of(each[0]) is not Urgency.URGENT)
    first_kind, first = texts[0]
    kinds = dict.fromkeys(kind for kind, _ in texts)
    sections = [_list_kind([text for each, text in texts if each is kind]) for kind in kinds]
    more = f", and {len(events) - 1} more"
    title = clean_line(first.title, LONGEST_TITLE - len(more)) + more
    return make_notice(first_kind, title, sections, program=program)


def make_notice(
    kind: NoticeKind, title: str, sections: Sequence[Section], *, program: str = PROGRAM
) -> Notice:
    """Return a notice of these sections, with its hints as they are to be typed."""
    shown = tuple(_with_program(section, program) for section in sections)
    return Notice(clean_title(title), to_plain_text(shown), urgency_of(kind), shown)


def _list_kind(texts: Sequence[EventText]) -> Section:
    """Return a line for each event; what to do stands below them if it is the same for all."""
    counted = Counter((text.title, text.todo) for text in texts)
    advice = {todo for _, todo in counted}
    lines = [
        title + (f" ({count} times)" if count > 1 else "") + ("" if len(advice) == 1 else f". {todo}")
        for (title, todo), count in counted.items()
    ]
    if len(lines) > _MOST_LISTED:
        lines = [*lines[: _MOST_LISTED - 1], f"and {len(lines) - _MOST_LISTED + 1} more"]
    lines += advice if len(advice) == 1 else ()
    return Section(tuple(Entry(line) for line in lines if line))


def _with_program(section: Section, program: str) -> Section:
    entries = tuple(replace(each, text=with_program(each.text, program)) for each in section.entries)
    return replace(section, entries=entries)
