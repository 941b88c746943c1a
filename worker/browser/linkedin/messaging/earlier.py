"""Find an earlier conversation that the page of a new message doesn't show.

It was never seen for certain whether that page shows earlier messages. An empty page doesn't prove that
nothing was written, so the list beside it is read. The list has names only, so conversations with a similar
name are opened until one is the person's, by id. LinkedIn marks each opened conversation as read.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from worker import clock
from worker.browser.linkedin.marks import inbox as marks
from worker.browser.linkedin.messaging.conversation import (
    Person,
    find_address,
    find_conversation_of,
    is_window,
)
from worker.browser.linkedin.messaging.history import WINDOW
from worker.browser.linkedin.messaging.inbox import list_filled_rows, load_more
from worker.browser.linkedin.messaging.panes import Pane, read_view
from worker.browser.linkedin.messaging.row_times import read_row_time
from worker.browser.linkedin.site_page import SitePage
from worker.browser.linkedin.words import fold
from worker.browser.marks import peek
from worker.errors import Reason, TryAgainError

_MOST_OPENED: Final = 3
_MOST_STEPS: Final = 10
_CLICK_WAIT: Final = timedelta(seconds=2)
_LIST_WAIT: Final = timedelta(seconds=5)
"""The list of conversations may appear this long after the composer."""
_OPEN_WAIT: Final = timedelta(seconds=10)
_INTERVAL_MS: Final = 150
_WORD: Final = re.compile(r"[^\W\d_]+")
_SEVERAL: Final = re.compile(r"[,;&+\d]")


def open_earlier(site: SitePage, person: Person, places: Sequence[int]) -> Pane | None:
    """Open the listed conversations at these places; return the person's, or None if all are others'.

    Raises TryAgainError if that isn't certain: then an earlier conversation may be missed.
    """
    if len(places) > _MOST_OPENED:
        raise TryAgainError(Reason.SITE_UNEXPECTED, "too many listed conversations may be with this person")
    for place in places:
        site.check_walls()
        listed = peek(site.page, marks.LIST)
        if listed is None:
            raise TryAgainError(Reason.SITE_UNEXPECTED, "the list of conversations has gone")
        row = listed.elements.first.locator(marks.ROWS).nth(place)
        wait_ms = _CLICK_WAIT / timedelta(milliseconds=1)
        row.scroll_into_view_if_needed(timeout=wait_ms)
        row.locator(marks.NAME).first.click(timeout=wait_ms)
        if pane := _await_opened(site, person):
            return pane
    return None


def _await_opened(site: SitePage, person: Person) -> Pane | None:
    """Wait for the conversation that a row opens; return it if it is the person's, None for another's."""
    until = clock.monotonic_seconds() + min(_OPEN_WAIT, site.timeout).total_seconds()
    while clock.monotonic_seconds() < until:
        view = read_view(site)
        pane = find_conversation_of(site, view, person)
        if pane is not None and pane.raw_bubbles:
            return pane
        others = [each for each in view.panes if not is_window(each) and each.heads]
        if any(not person.has(find_address(site, each)) for each in others):
            return None
        site.page.wait_for_timeout(_INTERVAL_MS)
    raise TryAgainError(Reason.SITE_UNEXPECTED, "a conversation, perhaps with this person, didn't load")


def list_places(site: SitePage, name: str) -> list[int] | None:
    """Return the places in the list of the conversations that may be with somebody of this name.

    Waits for the list, and loads its rows of the last weeks. None if no row of it could be read. A label may
    hold other words around the name; several names are a group's.
    """
    wanted = _words(name)
    found: dict[int, str] = {}
    until = clock.monotonic_seconds() + min(_LIST_WAIT, site.timeout).total_seconds()
    zone = ZoneInfo(str(site.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")))
    is_old = False
    steps = 0
    while wanted and steps < _MOST_STEPS and not is_old:
        listed = peek(site.page, marks.LIST)
        rows = list_filled_rows(listed.elements.first) if listed else []
        is_settled = bool(rows) and all(found.get(at) == row.name for at, row in rows)
        found |= {at: row.name for at, row in rows}
        is_old = any(_is_old(row.time, site.language(), clock.now(), zone) for _, row in rows)
        if is_settled and listed is not None:
            steps += 1
            if not load_more(site, listed.elements.first, site.language(), found):
                break
        elif clock.monotonic_seconds() >= until:
            break
        else:
            site.page.wait_for_timeout(_INTERVAL_MS)
    return [at for at, row in sorted(found.items()) if _may_be_same(row, name)] if found else None


def _is_old(time: str, language: str | None, now: datetime, zone: ZoneInfo) -> bool:
    times = read_row_time(time, language, now, zone)
    return times is not None and times[1] < now - WINDOW


def _may_be_same(row: str, name: str) -> bool:
    one, other = _words(row), _words(name)
    is_group = len(_SEVERAL.findall(row)) > len(_SEVERAL.findall(name))
    return bool(one and other) and (one <= other or (other <= one and not is_group))


def _words(name: str) -> frozenset[str]:
    return frozenset(_WORD.findall(fold(name)))
