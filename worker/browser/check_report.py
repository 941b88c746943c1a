"""What a check of a site's pages found, and the verdicts that follow from it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from worker.errors import Reason
from worker.rules.sites.capabilities import Capability, Verdict

Capabilities = frozenset[Capability]
NOTHING: Capabilities = frozenset()


class Place(StrEnum):
    """Where in a page an element stands. `document.querySelector` finds those of PAGE only."""

    PAGE = "page"
    SHADOW_ROOT = "shadow root"
    FRAME = "frame"


class Sight(StrEnum):
    """How a mark was found."""

    SHOWN = "shown"
    HIDDEN = "hidden"
    MISSING = "missing"


class Fact(StrEnum):
    """What the account's owner must know, because only they can change it."""

    ENTER_SENDS = "enter_sends"
    LANGUAGE_UNSUPPORTED = "language_unsupported"
    PREMIUM_WALL = "premium_wall"
    OPEN_OVERLAYS = "open_overlays"
    NO_MESSAGES = "no_messages"


@dataclass(frozen=True, slots=True)
class FormCount:
    """How many elements of one form of a mark a page has, and where the first of them stands."""

    version: str
    shown: int
    hidden: int
    place: Place


@dataclass(frozen=True, slots=True)
class MarkReport:
    """A mark on a page: its forms that matched, the newest first.

    `needed_by` are the capabilities that fail without it; a mark that is only worth knowing has none.
    """

    name: str
    forms: tuple[FormCount, ...]
    needed_by: Capabilities = NOTHING

    @property
    def found(self) -> FormCount | None:
        """The newest form that is shown, else the newest that is there at all."""
        return next((form for form in self.forms if form.shown), next(iter(self.forms), None))

    @property
    def sight(self) -> Sight:
        """Whether any form is shown."""
        if self.found is None:
            return Sight.MISSING
        return Sight.SHOWN if self.found.shown else Sight.HIDDEN


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """A comparison of two parts of one page, such as two places that must name the same id.

    `detail` holds numbers and shapes, no text of the page; `text` is for the person at the terminal.
    """

    name: str
    verdict: Verdict
    detail: str
    needed_by: Capabilities = NOTHING
    text: str = ""


@dataclass(frozen=True, slots=True)
class PageReport:
    """What one page showed.

    asked, final: paths; `final` without what follows a question mark
    status: the HTTP status of the document; None: the site did not answer
    title: its shape (worker/rules/sites/page_shapes.py)
    front_end: the generation of the site's pages, where there are several
    seconds: until the page's main mark was shown
    speaks_for: the capabilities that this page decides
    trouble: why the page could not be looked at: a wall, a limit, a profile that is gone
    is_wall: nothing more may be opened after it
    sketch: the shape of the page's elements, if it was asked for
    """

    name: str
    asked: str
    speaks_for: Capabilities
    final: str = ""
    status: int | None = None
    title: str = ""
    language: str | None = None
    front_end: str | None = None
    seconds: float = 0.0
    marks: tuple[MarkReport, ...] = ()
    checks: tuple[CrossCheck, ...] = ()
    facts: tuple[Fact, ...] = ()
    trouble: Reason | None = None
    trouble_text: str = ""
    is_wall: bool = False
    sketch: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one capability. `because` names the mark, the cross-check or the reason behind it."""

    capability: Capability
    verdict: Verdict
    because: str | None
    front_end: str | None
    language: str | None


PAGE_CHANGED: Final = frozenset({Reason.SITE_UNEXPECTED, Reason.SITE_CHANGED})
"""The page is there, but it is another one than expected: drift. Any other trouble proves nothing."""
_GRAVITY: Final = (Verdict.DRIFT, Verdict.UNKNOWN, Verdict.OK)


def judge(pages: Sequence[PageReport]) -> tuple[Finding, ...]:
    """Return a verdict for each capability that a page speaks for, in the order of `Capability`.

    If several doubts concern a capability, the gravest decides: drift before unknown.
    """
    asked = {capability for page in pages for capability in page.speaks_for}
    return tuple(_judge(capability, pages) for capability in Capability if capability in asked)


def _judge(capability: Capability, pages: Sequence[PageReport]) -> Finding:
    speaking = next(page for page in pages if capability in page.speaks_for)
    doubts = [doubt for page in pages for doubt in _list_doubts(capability, page)]
    verdict, because = min(doubts, key=lambda doubt: _GRAVITY.index(doubt[0]), default=(Verdict.OK, None))
    return Finding(capability, verdict, because, speaking.front_end, speaking.language)


def _list_doubts(capability: Capability, page: PageReport) -> Iterator[tuple[Verdict, str]]:
    if page.trouble is not None:
        if capability in page.speaks_for:
            changed = page.trouble in PAGE_CHANGED
            yield Verdict.DRIFT if changed else Verdict.UNKNOWN, _name_trouble(page)
        return
    yield from (
        (Verdict.DRIFT, mark.name)
        for mark in page.marks
        if capability in mark.needed_by and mark.sight is not Sight.SHOWN
    )
    checks = [check for check in page.checks if capability in check.needed_by]
    yield from ((check.verdict, check.name) for check in checks if check.verdict is not Verdict.OK)
    if capability in page.speaks_for and not checks and not _needs_a_mark(capability, page):
        yield Verdict.UNKNOWN, f"{page.name}: no evidence"


def _needs_a_mark(capability: Capability, page: PageReport) -> bool:
    return any(capability in mark.needed_by for mark in page.marks)


def _name_trouble(page: PageReport) -> str:
    """Return the main mark that is missing on a changed page, else the reason."""
    missing = (mark.name for mark in page.marks if mark.sight is Sight.MISSING and mark.needed_by)
    return next(missing, str(page.trouble)) if page.trouble in PAGE_CHANGED else str(page.trouble)


def count_cross_check(
    name: str, good: int, total: int, needed_by: Capabilities, *, least: int = 1, note: str = ""
) -> CrossCheck:
    """Return the cross-check of a list: OK if all of `total` are good, UNKNOWN for fewer than `least`."""
    verdict = Verdict.UNKNOWN if total < least else Verdict.OK if good == total else Verdict.DRIFT
    return CrossCheck(name, verdict, f"{good} of {total}{f'; {note}' if note else ''}", needed_by)


def list_facts(pages: Iterable[PageReport]) -> tuple[Fact, ...]:
    """Return what the owner must know, each fact once."""
    return tuple(dict.fromkeys(fact for page in pages for fact in page.facts))
