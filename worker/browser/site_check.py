"""Look at the pages of a site one by one, and report which marks they have. Nothing is clicked or typed."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Protocol
from urllib.parse import urlsplit

from playwright.sync_api import Page, Response
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from worker.browser.check_report import NOTHING, PAGE_CHANGED, Capabilities, CrossCheck, Fact, PageReport
from worker.browser.errors import translate_errors
from worker.browser.marks import Mark, locate
from worker.browser.survey import CheckedMark, read_elements, survey_marks
from worker.clock import monotonic_seconds
from worker.errors import RapportError, Reason, StopAccountError
from worker.rules.model import Kind
from worker.rules.sites.capabilities import Verdict
from worker.rules.sites.page_shapes import Shaper, shape_text
from worker.settings import Settings

_MOST_SKETCHED = 300
"""Lines of a page's sketch."""
_SETTLE_WAIT = timedelta(seconds=5)
"""How long a list may take to show its first entry, after the page has shown its main mark."""

_WALLS: Final = frozenset({Reason.CHALLENGE, Reason.NOT_SIGNED_IN, Reason.LIMIT_PAGE})
_FACTS: Final = {
    Reason.ENTER_SENDS: Fact.ENTER_SENDS,
    Reason.LANGUAGE_UNKNOWN: Fact.LANGUAGE_UNSUPPORTED,
    Reason.ACCOUNT_HELD: Fact.PREMIUM_WALL,
    Reason.NOT_CONNECTED: Fact.PREMIUM_WALL,
}
"""What the adapter's refusals mean for the account's owner."""


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What a person allows the check to open besides the pages that are always opened.

    `profile` is the normalised address of a connection. `compose` needs it.
    """

    profile: str | None = None
    inbox: bool = False
    compose: bool = False


@dataclass(frozen=True, slots=True)
class OwnChecks:
    """What the comparisons of a page gave.

    `excused` are marks that the page can't have, such as those of the entries of an empty list: the
    capabilities that need them are unknown.
    """

    checks: Sequence[CrossCheck] = ()
    facts: Sequence[Fact] = ()
    excused: Collection[Mark] = ()


@dataclass(frozen=True, slots=True)
class CheckedPage:
    """A page that a check opens.

    title: what it is, for a person
    kind: the kind of action whose limits a limit page on it concerns
    main: says that it is the expected page
    check: compares parts of the page with each other
    listed: a list's entries, which are waited for briefly
    then: what else must be done on the page before its marks are looked for
    find_path: returns the path where it is known only after the pages before; raises RapportError
    visits: whether it opens a person's profile
    """

    name: str
    title: str
    path: str
    kind: Kind
    speaks_for: Capabilities
    main: Mark | None
    marks: Sequence[CheckedMark]
    check: Callable[[], OwnChecks] = OwnChecks
    listed: Mark | None = None
    then: Callable[[], object] | None = None
    find_path: Callable[[], str] | None = None
    visits: bool = False


class Checker(Protocol):
    """A site's check."""

    vocabulary: Collection[str]
    """Words of the marks' selectors, which a report may name."""

    @classmethod
    def open(cls, settings: Settings, open_page: Callable[[], Page]) -> "Checker":
        """Return the check of the account whose page `open_page` returns."""

    def list_pages(self, request: CheckRequest) -> Sequence[CheckedPage]:
        """Return the pages that the check opens, in this order."""

    def look(self, page: CheckedPage, shaper: Shaper | None) -> PageReport:
        """Open a page and report on it. With a `shaper`, the report has a sketch of the page."""


@dataclass(frozen=True, slots=True)
class Tab:
    """The account's tab, and what a site knows about any of its pages.

    `open` opens a path and waits for a mark; it raises RapportError for anything but the expected page.
    """

    page: Page
    open: Callable[[str, Mark | None], object]
    check_walls: Callable[[], None]
    language: Callable[[], str | None]
    front_end: Callable[[], str | None]


def look_at(tab: Tab, checked: CheckedPage, shaper: Shaper | None) -> PageReport:
    """Open the page, wait for its main mark, look again for a wall, then look for its marks."""
    report = PageReport(checked.name, checked.path, checked.speaks_for)
    if checked.find_path is not None:
        try:
            checked = replace(checked, path=checked.find_path())
        except RapportError as error:
            return _with_trouble(report, error)
    report = replace(report, asked=checked.path)
    began = monotonic_seconds()
    with _document_statuses(tab.page) as statuses:
        trouble = _open(tab, checked)
    report = replace(report, seconds=monotonic_seconds() - began, status=statuses[-1] if statuses else None)
    if trouble is not None:
        report = _with_trouble(report, trouble)
    if report.trouble is Reason.SITE_UNREACHABLE:
        return report
    try:
        with translate_errors("read the page"):
            report = _describe(tab, report)
            if not isinstance(trouble, StopAccountError):
                report = _look_for_marks(tab, checked, report)
            return _add_sketch(tab, report, shaper)
    except RapportError as error:
        return _with_trouble(report, error)


def _with_trouble(report: PageReport, error: RapportError) -> PageReport:
    is_wall = isinstance(error, StopAccountError)
    return replace(report, trouble=error.reason, trouble_text=str(error), is_wall=is_wall)


def _open(tab: Tab, checked: CheckedPage) -> RapportError | None:
    try:
        tab.open(checked.path, checked.main)
        if checked.then is not None:
            checked.then()
        if checked.listed is not None:
            _await_entries(tab.page, checked.listed)
        tab.check_walls()
    except RapportError as error:
        return error
    return None


def _await_entries(page: Page, listed: Mark) -> None:
    with translate_errors("read the page"), suppress(PlaywrightTimeoutError):  # an empty list has none
        locate(page, listed).first.wait_for(timeout=_SETTLE_WAIT / timedelta(milliseconds=1))


def _describe(tab: Tab, report: PageReport) -> PageReport:
    return replace(
        report,
        final=urlsplit(tab.page.url).path,
        title=shape_text(tab.page.title()),
        language=tab.language(),
        front_end=tab.front_end(),
    )


def _look_for_marks(tab: Tab, checked: CheckedPage, report: PageReport) -> PageReport:
    own = _compare(checked) if report.trouble is None else OwnChecks()
    checks = list(own.checks)
    marks = checked.marks
    if excused := [each for each in marks if each.mark in own.excused]:
        concerned = NOTHING.union(*(each.needed_by for each in excused))
        checks.append(CrossCheck(f"{checked.name}.entries", Verdict.UNKNOWN, "there are none", concerned))
        marks = [replace(each, needed_by=NOTHING) if each in excused else each for each in marks]
    return replace(report, marks=survey_marks(tab.page, marks), checks=tuple(checks), facts=tuple(own.facts))


def _compare(checked: CheckedPage) -> OwnChecks:
    """Return the page's own checks. If the adapter can't read the page, that is a verdict too."""
    try:
        with translate_errors("read the page"):
            return checked.check()
    except RapportError as error:
        if isinstance(error, StopAccountError) and error.reason in _WALLS:
            raise
        verdict = Verdict.DRIFT if error.reason in PAGE_CHANGED else Verdict.UNKNOWN
        name = f"{checked.name}.readable"
        concerned = checked.speaks_for.union(*(each.needed_by for each in checked.marks))
        unreadable = CrossCheck(name, verdict, str(error.reason), concerned, str(error))
        return OwnChecks([unreadable], [_FACTS[error.reason]] if error.reason in _FACTS else [])


def _add_sketch(tab: Tab, report: PageReport, shaper: Shaper | None) -> PageReport:
    if shaper is None:
        return report
    return replace(
        report, sketch=tuple(shaper.shape_page(read_elements(tab.page), most_lines=_MOST_SKETCHED))
    )


@contextmanager
def _document_statuses(page: Page) -> Iterator[list[int]]:
    """Collect the HTTP statuses of the tab's document while it is opened, redirects included."""
    statuses: list[int] = []

    def note(response: Response) -> None:
        if response.request.is_navigation_request() and response.frame == page.main_frame:
            statuses.append(response.status)

    page.on("response", note)
    try:
        yield statuses
    finally:
        page.remove_listener("response", note)
