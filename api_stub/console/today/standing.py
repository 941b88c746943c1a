"""Say in one line how a day of an account stands."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, Protocol

from markupsafe import Markup

from worker.rules.halts import Halt, HaltCause
from worker.rules.reports.day import Day, LeftOutPerson
from worker.rules.texts.characters import sanitise_line
from worker.rules.wording.reasons import describe_reason

_LONGEST_NAME: Final = 60

FormatTime = Callable[[datetime], str]
"""Formats an instant as a reader of the line expects it: the time, with the day unless it is today's."""


class Texts(Protocol):
    """A catalogue of texts in one language."""

    def gettext(self, message: str) -> str:
        """Return a text."""

    def ngettext(self, singular: str, plural: str, num: int) -> str:
        """Return the form of a text for a number."""


def describe_day(day: Day, texts: Texts, format_time: FormatTime) -> Markup:
    """Return how the day stands, as HTML: its numbers are those of the day's lists."""
    parts = list(_list_parts(day, texts, format_time))
    line = Markup(texts.gettext("; ")).join(parts)  # noqa: S704 -- our own text
    return line[:1].upper() + line[1:] + "."


def show_name(name: str) -> Markup:
    """Return a person's name as HTML, isolated from the direction of the text around it."""
    line = sanitise_line(name)
    shown = line if len(line) <= _LONGEST_NAME else f"{line[: _LONGEST_NAME - 1]}…"
    return Markup("<bdi>{}</bdi>").format(shown)


def _list_parts(day: Day, texts: Texts, format_time: FormatTime) -> Iterator[Markup]:
    if day.halts:
        yield _text(_name_halt(day.halts[0], texts))
    yield _describe_progress(day, texts)
    if day.under_way:
        yield _text(texts.gettext("%(who)s is being greeted"), who=show_name(day.under_way[0].name))
    if day.coming and not day.halts:
        yield _describe_next(day, texts, format_time)
    counted = (
        (
            day.coming if day.halts else (),
            texts.ngettext("%(n)s waits until then", "%(n)s wait until then", len(day.coming)),
        ),
        (day.waiting, texts.ngettext("%(n)s waits for you", "%(n)s wait for you", len(day.waiting))),
        (
            day.uncertain,
            texts.ngettext("%(n)s is being checked", "%(n)s are being checked", len(day.uncertain)),
        ),
        (
            day.unplanned,
            texts.ngettext("%(n)s is in no campaign", "%(n)s are in no campaign", len(day.unplanned)),
        ),
        (
            day.paused,
            texts.ngettext(
                "%(n)s is in a paused campaign", "%(n)s are in a paused campaign", len(day.paused)
            ),
        ),
        (day.later, texts.ngettext("%(n)s later than today", "%(n)s later than today", len(day.later))),
    )
    for people, text in counted:
        if people:
            yield _text(text, n=len(people))
    if len(day.left_out) == 1:
        yield _describe_left_out(day.left_out[0], texts)
    elif day.left_out:
        left_out = texts.ngettext("%(n)s left out", "%(n)s left out", len(day.left_out))
        yield _text(left_out, n=len(day.left_out))


def _describe_progress(day: Day, texts: Texts) -> Markup:
    greeted = len(day.greeted)
    if not day.total:
        return _text(texts.gettext("nobody to greet today"))
    if greeted == day.total:
        return _text(texts.ngettext("%(n)s greeted, nobody left", "all %(n)s greeted", greeted), n=greeted)
    text = texts.ngettext("%(n)s of %(total)s greeted", "%(n)s of %(total)s greeted", greeted)
    return _text(text, n=greeted, total=day.total)


def _describe_next(day: Day, texts: Texts, format_time: FormatTime) -> Markup:
    first = day.coming[0]
    if first.at is None or first.at <= day.now:
        return _text(texts.gettext("next any moment"))
    return _text(texts.gettext("next about %(time)s"), time=format_time(first.at))


def _describe_left_out(person: LeftOutPerson, texts: Texts) -> Markup:
    if person.reason is None:
        return _text(texts.gettext("%(who)s left out"), who=show_name(person.name))
    return _text(
        texts.gettext("%(who)s left out: %(why)s"),
        who=show_name(person.name),
        why=texts.gettext(describe_reason(person.reason)),
    )


def _name_halt(halt: Halt, texts: Texts) -> str:
    names = {
        HaltCause.KILL_SWITCH: texts.gettext("everything is stopped"),
        HaltCause.ACCOUNT_STOPPED: texts.gettext("the account is stopped"),
        HaltCause.ACCOUNT_PAUSED: texts.gettext("the account is paused"),
        HaltCause.NOT_SIGNED_IN: texts.gettext("the account is not signed in"),
    }
    return names[halt.cause]


def _text(text: str, **values: object) -> Markup:
    """Return one of our texts with its values, which are escaped unless they are HTML already."""
    return Markup(text) % values  # noqa: S704 -- our own text
