"""The list of conversations, read without opening one, so that unread messages stay unread.

The address for a new message shows the list; `/messaging/` would open the newest conversation by itself. Rows
show names only: whose they are is for the caller to find out, and not certain where two have one name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator

from worker import clock
from worker.browser.linkedin.marks import inbox as marks
from worker.browser.linkedin.messaging.row_times import read_row_time
from worker.browser.linkedin.site_page import SitePage
from worker.browser.linkedin.words import LANGUAGES, fold, is_word, mentions
from worker.browser.marks import locate
from worker.errors import Reason, TryAgainError
from worker.rules.model import InboxLine

_PATH: Final = "/messaging/compose/"
_LONG_SNIPPET: Final = 60
_MOST_STEPS: Final = 60
_GROWTH_WAIT: Final = timedelta(seconds=2)
_INTERVAL: Final = timedelta(milliseconds=150)
_SENDER: Final = re.compile(r"(?P<who>[^:]{1,40}?)\s?:\s")
"""What may name the sender at the beginning of a row: "You: ", "Ada: "."""

_READ: Final = """(list, css) => [...list.querySelectorAll(css.rows)].map((row, at) => {
  const text = (selector) => (row.querySelector(selector)?.textContent ?? "").replace(/\\s+/g, " ").trim();
  const stamp = row.querySelector("time[datetime]");
  return {
    at, name: text(css.name), time: text(css.time), snippet: text(css.snippet),
    instant: stamp?.getAttribute("datetime") ?? "",
    unread: row.matches(css.unread) || row.querySelector(css.unread) !== null,
  };
})"""

_STEP: Final = """(list) => {
  let box = list;
  const scrolls = (each) => each.scrollHeight > each.clientHeight + 1
    && /auto|scroll/.test(getComputedStyle(each).overflowY);
  while (box && !scrolls(box)) box = box.parentElement;
  box ??= document.scrollingElement;
  const before = box.scrollTop;
  box.scrollTop = before + Math.max(100, box.clientHeight * 0.8);
  return box.scrollTop > before;
}"""
"""Scrolls the list down by most of its height. Returns False at its end."""

_CSS: Final = {
    "rows": marks.ROWS,
    "name": marks.NAME,
    "time": marks.TIME,
    "snippet": marks.SNIPPET,
    "unread": marks.UNREAD,
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the list, as it is shown."""

    name: str
    time: str
    snippet: str
    is_unread: bool


def read_inbox(site: SitePage, since: datetime) -> Sequence[InboxLine]:
    """Read the rows from the newest until one is older than `since`. Raises TryAgainError without any row."""
    site.open(_PATH, marks.LIST)
    with site.translate("read the inbox"):
        language = site.language()
        zone = ZoneInfo(str(site.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")))
        listed = locate(site.page, marks.LIST).first
        found: dict[int, InboxLine | None] = {}
        is_old = False
        for _ in range(_MOST_STEPS):
            for at, row in list_filled_rows(listed):
                if at not in found:
                    found[at] = read_line(row, language, clock.now(), zone)
            lines = [line for line in found.values() if line]
            is_old = any(line.at < since for line in lines)
            if is_old or not load_more(site, listed, language, found):
                break
        site.check_walls()
    if not found:
        raise TryAgainError(Reason.SITE_UNEXPECTED, "the list of conversations shows none")
    return [line for _, line in sorted(found.items()) if line is not None and line.at >= since]


def read_line(row: Row, language: str | None, now: datetime, zone: ZoneInfo) -> InboxLine | None:
    """Return the line of a row; None if it doesn't show who wrote last, or when.

    The time of an incoming message is the last that the row can mean, that of an outgoing one the first: a
    greeting is never taken for a later message, and an answer never for an earlier one.
    """
    times = read_row_time(row.time, language, now, zone)
    outgoing = is_outgoing(row, language)
    if times is None or outgoing is None or not row.name:
        return None
    snippet = row.snippet
    if (sender := _SENDER.match(snippet)) and (outgoing or _is_part(sender["who"], row.name)):
        snippet = snippet[sender.end() :]
    if len(snippet) >= _LONG_SNIPPET and not snippet.endswith("…"):
        snippet += "…"  # the page cuts it somewhere
    return InboxLine(None, times[0] if outgoing else times[1], outgoing, snippet, name=row.name)


def is_outgoing(row: Row, language: str | None) -> bool | None:
    """Return whether the account wrote the last message of a row; None if the row doesn't show it.

    An unread message is incoming in every language. In a language that isn't known, nothing else is certain.
    """
    sender = _SENDER.match(row.snippet)
    own = sender is not None and is_word("own_message", sender["who"], language)
    if row.is_unread:
        return None if own else False
    if own:
        return True
    if language not in LANGUAGES:
        return None
    # an unknown word before a colon may be "You" in other words
    return None if sender and not _is_part(sender["who"], row.name) else False


def _is_part(word: str, name: str) -> bool:
    return set(fold(word).split()) <= set(fold(name).split())


def list_filled_rows(listed: Locator) -> list[tuple[int, Row]]:
    """Return the rows that are filled, by their places. A row out of sight is an empty element."""
    read: list[dict[str, Any]] = listed.evaluate(_READ, _CSS)
    return [
        (row["at"], Row(row["name"], row["instant"] or row["time"], row["snippet"], row["unread"]))
        for row in read
        if row["name"] and row["time"]
    ]


def load_more(site: SitePage, listed: Locator, language: str | None, found: dict[int, Any]) -> bool:
    """Scroll, or press the button for more conversations; return whether other rows came."""
    count = len(found)
    until = clock.monotonic_seconds() + min(_GROWTH_WAIT, site.timeout).total_seconds()
    scrolled = bool(listed.evaluate(_STEP))
    pressed = False
    while True:
        if len({at for at, _ in list_filled_rows(listed)} | set(found)) > count:
            return True
        if not scrolled and not pressed:
            pressed = _press_more(listed, language)
        if clock.monotonic_seconds() >= until:
            return scrolled
        site.page.wait_for_timeout(_INTERVAL / timedelta(milliseconds=1))


def _press_more(listed: Locator, language: str | None) -> bool:
    for button in listed.locator("button").locator("visible=true").all():
        if mentions("more_conversations", button.inner_text(), language):
            button.click()
            return True
    return False


def read_shown_rows(site: SitePage) -> Sequence[tuple[Row, InboxLine | None]]:
    """Return the rows that the open list shows without scrolling, and what can be read of each."""
    zone = ZoneInfo(str(site.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")))
    rows = [row for _, row in list_filled_rows(locate(site.page, marks.LIST).first)]
    return [(row, read_line(row, site.language(), clock.now(), zone)) for row in rows]
