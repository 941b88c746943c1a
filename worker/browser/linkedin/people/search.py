"""The people search: one page of it, its limit, and whether there is another page."""

import re
from datetime import timedelta
from typing import Final, TypedDict
from urllib.parse import urlencode

from worker.browser.linkedin.marks.search import LIMIT, MAIN, READ_PAGE, READ_ROWS, ROW
from worker.browser.linkedin.marks.sections import SCROLL_ON
from worker.browser.linkedin.people.result_rows import Row, is_hidden, to_people
from worker.browser.linkedin.site_page import SitePage
from worker.browser.linkedin.words import is_word, mentions
from worker.browser.marks import find, peek
from worker.clock import monotonic_seconds
from worker.errors import Reason, StopAccountError, TryAgainError
from worker.rules.model import ResultPage
from worker.rules.sourcing.search import SearchQuery

_PATH: Final = "/search/results/people/"
_SETTLE_WAIT: Final = timedelta(seconds=5)
"""Rows come in parts, and their controls after their text. A page that isn't full by then is the last one."""
_POLL: Final = timedelta(milliseconds=250)
_FULL_PAGE: Final = 10
_LAST_PAGE: Final = 100
_NUMBER: Final = re.compile(r"(\d+)\D*$")


class Button(TypedDict):
    """A button outside the rows. `numbered`: it is among the controls of the pages."""

    label: str
    text: str
    off: bool
    numbered: bool
    current: bool


class Surroundings(TypedDict):
    """What `READ_PAGE` returns. `next`: the mark for another page is shown; None where there is no mark."""

    next: bool | None
    buttons: list[Button]
    hidden: list[list[str]]
    texts: list[str]


def read_results(site_page: SitePage, query: SearchQuery, page: int) -> ResultPage:
    """Open page `page` of a search and read it.

    Raises StopAccountError(LIMIT_PAGE) where the site says that the monthly limit is reached, and
    TryAgainError where the page is empty without saying that nobody was found.
    """
    site_page.open(f"{_PATH}?{urlencode([*query.terms, ('page', page)])}", MAIN)
    with site_page.translate("read the people found"):
        rows, around = _wait_for_rows(site_page)
        site_page.check_walls()
        language = site_page.language()
    if not rows:
        find_limit(site_page, around, language)
        if not says_nothing_found(around, language) and not _count_hidden(around, language):
            raise TryAgainError(
                Reason.SITE_UNEXPECTED, "the search shows neither people nor that there are none"
            )
    people = to_people(rows, language)
    if rows and not people and not all(row["urn"] or is_hidden(row, language) for row in rows):
        raise TryAgainError(Reason.SITE_UNEXPECTED, "it isn't certain whose rows the search shows")
    shown_number = find_current_page(around)
    if shown_number not in {None, page}:
        raise TryAgainError(Reason.SITE_UNEXPECTED, f"the search shows page {shown_number}, not {page}")
    return ResultPage(people, has_next_page(around, page, len(rows), language))


def find_limit(site_page: SitePage, around: Surroundings, language: str | None) -> None:
    """Raise StopAccountError if a page without people says that the limit is reached."""
    says_limit = any(mentions("search_limit", text, language) for text in around["texts"])
    is_nothing = says_nothing_found(around, language)
    if says_limit or (peek(site_page.page, LIMIT) and not is_nothing):
        raise StopAccountError(
            Reason.LIMIT_PAGE, "LinkedIn says that the monthly limit for people searches is reached"
        )


def says_nothing_found(around: Surroundings, language: str | None) -> bool:
    """Return whether the page says that nobody was found. Only this makes an empty page an answer."""
    return any(is_word("no_results", text.rstrip(" .!"), language) for text in around["texts"])


def find_current_page(around: Surroundings) -> int | None:
    """Return the number of the page that the controls mark as the current one, or None."""
    numbers = {_number(each) for each in around["buttons"] if each["current"] and each["numbered"]}
    return numbers.pop() if len(numbers) == 1 else None


def has_next_page(around: Surroundings, page: int, rows: int, language: str | None) -> bool:
    """Return whether the site offers another page: by its marks, its page numbers, its words.

    A full page without any controls isn't called the last one: the next one will say that it is empty.
    """
    if page >= _LAST_PAGE:
        return False
    if around["next"] is not None:
        return around["next"]
    named = [
        each
        for each in around["buttons"]
        if is_word("next_page", each["label"], language) or is_word("next_page", each["text"], language)
    ]
    if named:
        return any(not each["off"] for each in named)
    numbers = [number for each in around["buttons"] if each["numbered"] and (number := _number(each))]
    return max(numbers) > page if numbers else rows >= _FULL_PAGE


def _number(button: Button) -> int | None:
    found = _NUMBER.search(button["text"] or button["label"])
    return int(found[1]) if found else None


def _count_hidden(around: Surroundings, language: str | None) -> int:
    return sum(is_word("hidden_member", text, language) for lines in around["hidden"] for text in lines[:2])


def _wait_for_rows(site_page: SitePage) -> tuple[list[Row], Surroundings]:
    """Scroll and poll until two readings agree and every row has its controls, or the wait is over."""
    started = monotonic_seconds()
    before: tuple[int, int] | None = None
    is_end = False
    while True:
        is_end, *_ = site_page.page.evaluate(SCROLL_ON, is_end)
        found = peek(site_page.page, ROW)
        rows: list[Row] = found.elements.evaluate_all(READ_ROWS) if found else []
        around: Surroundings = site_page.page.evaluate(READ_PAGE)
        waited = timedelta(seconds=monotonic_seconds() - started)
        language = site_page.language()
        is_full = len(rows) + _count_hidden(around, language) >= _FULL_PAGE
        is_settled = is_full and all(row["settled"] for row in rows)
        is_over = waited >= min(site_page.timeout, _SETTLE_WAIT if rows else site_page.timeout)
        if not rows:
            site_page.check_walls()
            is_settled = _says_why_empty(site_page, around, language)
        state = (len(rows), len(around["texts"]))
        if (is_settled and is_end and state == before) or is_over:
            find(site_page.page, ROW)
            return rows, around
        before = state
        # the page's own events run meanwhile
        site_page.page.wait_for_timeout(_POLL / timedelta(milliseconds=1))


def _says_why_empty(site_page: SitePage, around: Surroundings, language: str | None) -> bool:
    return (
        says_nothing_found(around, language)
        or any(mentions("search_limit", text, language) for text in around["texts"])
        or _count_hidden(around, language) > 0
        or peek(site_page.page, LIMIT) is not None
    )


def read_open_results(site_page: SitePage) -> tuple[list[Row], bool]:
    """Read the rows of the page that is open, and whether it says that nobody was found.

    Raises StopAccountError(LIMIT_PAGE) where the site says that the monthly limit is reached.
    """
    rows, around = _wait_for_rows(site_page)
    language = site_page.language()
    if not rows:
        find_limit(site_page, around, language)
    return rows, says_nothing_found(around, language)
