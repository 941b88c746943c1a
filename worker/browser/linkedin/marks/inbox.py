"""The list of conversations."""

from datetime import date
from typing import Final

from worker.browser.linkedin.marks.navigation import SITE
from worker.browser.marks import Form, Mark

_SAVED: Final = date(2026, 6, 28)

LIST = Mark(
    SITE,
    "inbox.list",
    (
        Form("class", "[class*='conversations-list']", "saved pages", _SAVED),
        Form("holder", "[class*='conversations-container'] ul", "saved pages", _SAVED),
        Form("rows", "main ul:has(> li h3):has(> li time)", "inference: a list of names and times", _SAVED),
    ),
)  # fmt: skip

ROWS: Final = ":scope > *"
NAME: Final = "h3, h4, [class*='participant-names'], [role=heading]"
TIME: Final = "time, [class*='time-stamp']"
SNIPPET: Final = "[class*='message-snippet'], p"
UNREAD: Final = "[class*='--unread'], [class*='unread-count']"
