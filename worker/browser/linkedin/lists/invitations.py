"""The page of sent invitations: read it to its end, and withdraw one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from playwright.sync_api import ElementHandle, Locator

from worker import logs
from worker.browser.linkedin.lists import listing
from worker.browser.linkedin.lists.invitation_rows import (
    CountLabel,
    SentRow,
    find_count,
    is_withdraw,
    read_row,
)
from worker.browser.linkedin.lists.rows import find_control, read_links_around, read_rows
from worker.browser.linkedin.marks import invitations as marks
from worker.browser.linkedin.marks.navigation import NAVIGATION
from worker.browser.linkedin.site_page import SitePage
from worker.browser.linkedin.words import LANGUAGES
from worker.browser.marks import find
from worker.browser.site import PageProgress
from worker.errors import NeverError, Reason, StopAccountError, TryAgainError
from worker.rules.model import SentInvitation
from worker.rules.people.addresses import is_member_url

_FULL_PERCENT: Final = 97
"""A list with fewer of the people that its tab counts has not loaded whole."""
_MOST_ROUNDS: Final = 400

_COUNTS: Final = r"""() => {
  const CURRENT = ["current=true", "current=page", "selected=true", "checked=true", "pressed=true"]
    .map((state) => `[aria-${state}]`).join();
  const TEXTS = "button, a, label, h1, h2, h3, p, span, div, [role=tab], [role=radio]";
  return [...document.querySelectorAll(`:is(main, [role=main]) :is(${TEXTS})`)]
    .filter((one) => one.childElementCount < 3 && one.textContent.length < 60 && /\d/.test(one.textContent)
      && !one.closest("header, [role=listitem], li.invitation-card")
      && one.checkVisibility({visibilityProperty: true}))
    .map((one) => ({
      text: one.textContent.replace(/\s+/g, " ").trim(),
      current: Boolean(one.closest(CURRENT)),
    }));
}"""
"""Reads the short texts with a figure that stand outside the rows."""

log = logs.get_logger(__name__)


@dataclass(slots=True)
class SentList:
    """The list of sent invitations on the open page, as far as it has been read.

    `nameless` counts rows that link to nobody: members who have left.
    """

    site: SitePage
    today: date | None = None
    language: str | None = None
    count: int | None = None
    nameless: int = 0
    rows: dict[frozenset[str], SentRow] = field(default_factory=dict)

    def read(self) -> Iterator[int]:
        """Open the page and read the list to its end; yield the number of rows after each part."""
        arrival = self.site.open(marks.ADDRESS, NAVIGATION)
        if arrival.path.rstrip("/").rpartition("/")[2] != marks.NAME:
            raise _unexpected("the sent invitations are not at their address")
        with self.site.translate("read the sent invitations"):
            self.language = self.site.language()
            listing.wait_for_rows(self.site, marks.PAGE, "invitation_noun")
        for _ in range(_MOST_ROUNDS):
            with self.site.translate("read the sent invitations"):
                self._add_rows()
            yield len(self.rows)
            with self.site.translate("load more of the sent invitations"):
                whole = self.count is not None and len(self.rows) >= self.count
                if whole or not listing.load_more(self.site, self._root(), marks.LOAD_MORE):
                    break
        with self.site.translate("read the sent invitations"):
            self.site.check_walls()
            self._add_rows()
            for mark in (marks.PAGE, marks.ROW, marks.WITHDRAW):
                if self.rows or mark is marks.PAGE:
                    find(self.site.page, mark)

    def require_whole(self) -> None:
        """Raise TryAgainError unless the list is as long as its tab says, or says that it is empty."""
        if self.count is None and not self.rows:
            with self.site.translate("read the sent invitations"):
                if listing.says_none(self._root(), self.language, "invitation_noun"):
                    return
        if self.count is None:
            raise _unexpected("the page doesn't say how many invitations there are")
        if (len(self.rows) + self.nameless) * 100 < self.count * _FULL_PERCENT:
            raise _unexpected("the list of sent invitations stops before its end")

    def _add_rows(self) -> None:
        self.count = find_count(_read_counts(self.site), self.language)
        read = read_rows(self._root())
        self.nameless = sum(is_withdraw(each, self.language) for each in read.strays)
        for row in read.rows:
            sent = read_row(row, self.language, self.today, self.site.address_of)
            if sent is not None:
                self.rows[sent.addresses] = sent

    def _root(self) -> Locator:
        return listing.find_root(self.site, marks.PAGE)


def read_sent(site: SitePage, today: date, on_page: PageProgress) -> list[SentInvitation]:
    """Read all pending invitations, as the page lists them.

    Raises TryAgainError for a list that isn't whole, and StopAccountError(LANGUAGE_UNKNOWN) if no age can be
    read for the language. An age that can't be read counts as none, so that nothing is withdrawn for it.
    """
    sent = SentList(site, today)
    for number, found in enumerate(sent.read(), start=1):
        on_page(number, found)
    sent.require_whole()
    rows = list(sent.rows.values())
    unread = sum(row.age is None for row in rows)
    if rows and unread == len(rows):
        if sent.language not in LANGUAGES:
            raise StopAccountError(
                Reason.LANGUAGE_UNKNOWN,
                "the ages of invitations can't be read in the language of LinkedIn's pages",
            )
        raise _unexpected("no age of an invitation can be read")
    if unread:
        log.warning("invitations_without_age", unread=unread)
    return [
        SentInvitation(_main_address(row.addresses), row.full_name, today - (row.age or timedelta()))
        for row in rows
    ]


def find_sent(site: SitePage, wanted: str) -> SentRow:
    """Open the list and load it until it shows the invitation to this person.

    Raises NeverError(INVITATION_GONE) if the whole list doesn't have it.
    """
    sent = SentList(site)
    for _ in sent.read():
        for addresses, row in sent.rows.items():
            if wanted in addresses:
                return row
    found = next((row for addresses, row in sent.rows.items() if wanted in addresses), None)
    if found is not None:
        return found
    sent.require_whole()
    by_id = is_member_url(wanted, marks.SITE)
    if any(all(is_member_url(each, marks.SITE) != by_id for each in addresses) for addresses in sent.rows):
        raise _unexpected("the list names people by other addresses than the one that is known")
    raise NeverError(Reason.INVITATION_GONE, "there is no longer an invitation to this person")


def find_withdraw_control(site: SitePage, wanted: str) -> tuple[ElementHandle, SentRow]:
    """Return the control that withdraws this person's invitation, after reading whose row it stands in."""
    root = listing.find_root(site, marks.PAGE)
    language = site.language()
    found = []
    for position, row in enumerate(read_rows(root).rows):
        sent = read_row(row, language, None, site.address_of)
        if sent is not None and wanted in sent.addresses:
            found.append((position, sent))
    if len(found) != 1:
        raise _unexpected(f"one person has {len(found)} invitations on the page")
    position, sent = found[0]
    control = find_control(root, position, sent.control)
    if control is None:
        raise _unexpected("the list changed while it was read")
    around = {site.address_of(link) for link in read_links_around(control, root)}
    if around != set(sent.addresses):
        raise _unexpected("the list changed while it was read")
    return control, sent


def is_listed(site: SitePage, wanted: str) -> bool:
    """Return whether the page shows a row of this person now."""
    rows = read_rows(listing.find_root(site, marks.PAGE)).rows
    return any(site.address_of(link) == wanted for row in rows for link in row.links)


def _read_counts(site: SitePage) -> list[CountLabel]:
    read: list[dict[str, Any]] = site.page.evaluate(_COUNTS)
    return [CountLabel(**each) for each in read]


def _main_address(addresses: frozenset[str]) -> str:
    """Return the address by slug if there is one, else the one by member id."""
    return min(addresses, key=lambda address: (is_member_url(address, marks.SITE), address))


def _unexpected(text: str) -> TryAgainError:
    return TryAgainError(Reason.SITE_UNEXPECTED, text)


def read_count(site: SitePage) -> int | None:
    """Return how many people the open page says were invited, or None if it doesn't say it clearly."""
    return find_count(_read_counts(site), site.language())
