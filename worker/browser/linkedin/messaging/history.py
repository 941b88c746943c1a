"""Load the older messages of a conversation, which come when it is scrolled up."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from worker import clock
from worker.browser.linkedin.messaging.conversation import Person, read_bubbles
from worker.browser.linkedin.messaging.panes import Pane
from worker.browser.linkedin.site_page import SitePage

WINDOW: Final = timedelta(days=45)
"""How far back a conversation is read: more than a greeting may be late, and a look for it."""
_MOST_SCROLLS: Final = 12
_GROWTH_WAIT: Final = timedelta(milliseconds=1200)
_INTERVAL: Final = timedelta(milliseconds=150)

_SCROLL_UP: Final = """(whole) => {
  const first = whole.querySelector("[data-event-urn]");
  let each = first;
  while (each && each !== whole && !(each.scrollHeight > each.clientHeight + 1
    && /auto|scroll/.test(getComputedStyle(each).overflowY))) each = each.parentElement;
  if (!first || !each) return false;
  first.scrollIntoView({block: "end"});
  each.scrollTop = getComputedStyle(each).flexDirection === "column-reverse" ? -each.scrollHeight : 0;
  each.dispatchEvent(new Event("scroll"));
  return true;
}"""
"""Scrolls the list of messages to its top. Returns False where nothing can be scrolled."""


def load_older(site: SitePage, find_pane: Callable[[], Pane], person: Person) -> None:
    """Scroll up until the messages of the last weeks are loaded, or no more come."""
    for _ in range(_MOST_SCROLLS):
        pane = find_pane()
        dated = [each.id.at for each in read_bubbles(site, pane, person) if each.id]
        if not dated or dated[0] < clock.now() - WINDOW:
            return
        if not pane.element("whole").evaluate(_SCROLL_UP) or not _has_grown(
            site, find_pane, len(pane.raw_bubbles)
        ):
            return


def _has_grown(site: SitePage, find_pane: Callable[[], Pane], count: int) -> bool:
    until = clock.monotonic_seconds() + _GROWTH_WAIT.total_seconds()
    while len(find_pane().raw_bubbles) <= count:
        if clock.monotonic_seconds() >= until:
            return False
        site.page.wait_for_timeout(_INTERVAL / timedelta(milliseconds=1))
    return True
