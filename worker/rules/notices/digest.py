"""What the morning digest and the evening summary of an account say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from worker.rules.halts import Halt, HaltCause, advise, name_halt
from worker.rules.notices.kinds import NoticeKind
from worker.rules.notices.page import Entry, Link, Section, clean_line, clean_quote, paragraphs
from worker.rules.notices.texts import Notice, make_notice
from worker.rules.reports.summary import EndedCounts
from worker.rules.wording.counts import format_count
from worker.rules.wording.hints import PROGRAM
from worker.rules.wording.summaries import list_event_lines

MOST_LISTED: Final = 20
"""People in one section: a page that can be read on a phone."""

_LONGEST_SAYING: Final = 300

_NOTHING: Final = frozenset({"none", "0", "0 greetings, 0 of them late"})


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A person and what becomes of their greeting. `message` is quoted, if texts were asked for.

    `approve_url` opens a page on which this greeting can be approved.
    """

    name: str
    says: str = ""
    message: str = ""
    approve_url: str | None = None


@dataclass(frozen=True, slots=True)
class People:
    """People of one section: those that are listed, and how many there are."""

    listed: Sequence[PersonLine] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a person. `steps` are other things to do, each a text of ours with its command."""

    halts: Sequence[Halt] = ()
    proposals: People = People()
    approve_all_url: str | None = None
    needs_review: int = 0
    steps: Sequence[str] = ()

    @property
    def count(self) -> int:
        """How many things wait, apart from what stops the account."""
        return self.proposals.total + self.needs_review + len(self.steps)


@dataclass(frozen=True, slots=True)
class MorningDigest:
    """The morning of the day `on`. `late` are greetings for earlier birthdays that go out today."""

    account: str
    on: date
    waiting: Waiting
    birthdays: People
    late: People
    yesterday: EndedCounts


@dataclass(frozen=True, slots=True)
class EveningSummary:
    """The day `on` so far. `tomorrow` are the next day's birthdays."""

    account: str
    on: date
    waiting: Waiting
    happened: EndedCounts
    greeted: People
    answered: People
    left_out: People
    failed: People
    tomorrow: People


def render_morning(digest: MorningDigest, *, program: str = PROGRAM) -> Notice:
    """Return the digest as a notice. On a quiet day it is one line: that Rapport is there."""
    birthdays = _count_birthdays(digest.birthdays.total) or "no birthday today"
    waits = digest.waiting.count
    parts = [_name_stop(digest.waiting), birthdays, waits and f"{waits} to look at"]
    sections = [
        *_list_halts(digest.account, digest.waiting),
        *_list_people("Birthdays today", digest.birthdays, f"rapport birthdays {digest.account} --next 1"),
        *_list_people("Late greetings today", digest.late, f"rapport forecast {digest.account}"),
        *_list_waiting(digest.account, digest.waiting),
        *_list_events("Yesterday", digest.yesterday),
    ]
    if not digest.waiting.count and not digest.waiting.halts:
        sections.append(paragraphs("Nothing waits for you."))
    title = _title(digest.account, digest.on, parts)
    return make_notice(NoticeKind.MORNING_DIGEST, title, sections, program=program)


def render_evening(summary: EveningSummary, *, program: str = PROGRAM) -> Notice:
    """Return the summary as a notice."""
    account, happened = summary.account, summary.happened
    greeted = (
        format_count(happened.sent, "person greeted", "people greeted") if happened.sent else "nobody greeted"
    )
    answers = format_count(happened.replies, "answer", "answers") if happened.replies else ""
    shown = f"rapport summary {account}"
    sections = [
        *_list_halts(account, summary.waiting),
        *_list_people("Greeted", summary.greeted, shown),
        *_list_people("Answered", summary.answered, shown),
        *_list_people("Left out", summary.left_out, shown),
        *_list_people("Failed", summary.failed, shown),
        *_list_waiting(account, summary.waiting),
        *_list_people("Birthdays tomorrow", summary.tomorrow, f"rapport birthdays {account} --next 2"),
    ]
    quiet = not any(section.heading for section in sections)
    if quiet and not summary.waiting.halts:
        sections.append(paragraphs("Nothing waits for you, and nobody has a birthday tomorrow."))
    title = _title(account, summary.on, [_name_stop(summary.waiting), greeted, answers])
    return make_notice(NoticeKind.EVENING_SUMMARY, title, sections, program=program)


def _title(account: str, on: date, parts: Sequence[object]) -> str:
    return (
        f"{clean_line(account)}, {on:%a} {on.day} {on:%b}: {', '.join(str(part) for part in parts if part)}"
    )


def _name_stop(waiting: Waiting) -> str:
    if not waiting.halts:
        return ""
    return _STOPS[waiting.halts[0].cause]


def _list_halts(account: str, waiting: Waiting) -> Iterator[Section]:
    for halt in waiting.halts[:1]:
        todo = advise(account, halt, sign_in=f"sign in: `rapport account sign-in {account}`")
        what = name_halt(account, halt)
        yield paragraphs(f"{what[:1].upper()}{what[1:]}. What to do: {todo}.")


def _list_people(heading: str, people: People, command: str) -> Iterator[Section]:
    if not people.total:
        return
    entries = [
        Entry(
            clean_line(person.says, _LONGEST_SAYING),
            clean_quote(person.message),
            (Link("Read and approve", person.approve_url),) if person.approve_url else (),
            clean_line(person.name),
        )
        for person in people.listed[:MOST_LISTED]
    ]
    if people.total > len(entries):
        entries.append(Entry(f"and {people.total - len(entries)} more: `{command}`"))
    yield Section(tuple(entries), heading)


def _list_waiting(account: str, waiting: Waiting) -> Iterator[Section]:
    command = f"rapport review --account {account}"
    for section in _list_people("Waiting for your approval", waiting.proposals, command):
        todo = Entry(f"Read and decide: `{command}`")
        link = waiting.approve_all_url
        links = (Link("Read and approve all", link),) if link else ()
        yield Section((*section.entries, todo), section.heading, links)
    lines = [f"{step[:1].upper()}{step[1:]}" for step in waiting.steps]
    if waiting.needs_review:
        what = format_count(waiting.needs_review, "action", "actions")
        lines.insert(0, f"{what} may have been sent: look, then say so: `rapport actions review`")
    if lines:
        yield Section(tuple(map(Entry, lines)), "Waiting for you")


def _list_events(heading: str, happened: EndedCounts) -> Iterator[Section]:
    lines = [f"{what}: {text}" for what, text in list_event_lines(happened) if text not in _NOTHING]
    if lines:
        yield Section(tuple(map(Entry, lines)), heading)


def _count_birthdays(count: int) -> str:
    return f"{format_count(count, 'birthday', 'birthdays')} today" if count else ""


_STOPS: Final = {
    HaltCause.KILL_SWITCH: "everything is stopped",
    HaltCause.ACCOUNT_STOPPED: "stopped",
    HaltCause.ACCOUNT_PAUSED: "paused",
    HaltCause.NOT_SIGNED_IN: "not signed in",
}
