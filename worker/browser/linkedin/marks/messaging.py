"""The messaging pages: conversations as a page of their own, and as overlays on other pages.

All selectors are plain CSS, because a script in the page uses them, too
(`worker/browser/linkedin/messaging/panes.py`).
"""

from datetime import date
from typing import Final

from worker.browser.linkedin.marks.navigation import SITE
from worker.browser.marks import Form, Mark

_SAVED: Final = date(2026, 6, 28)
_OLD: Final = date(2023, 3, 8)
_SAVED_PAGES: Final = "saved pages"
_INFERENCE: Final = "inference: what an editor of messages is for the browser"


def join_selectors(mark: Mark) -> str:
    """Return one CSS selector for all forms of a mark."""
    return ", ".join(form.selector for form in mark.forms)


COMPOSER = Mark(
    SITE,
    "messaging.composer",
    (
        Form("form", "form.msg-form [contenteditable=true][role=textbox]", _SAVED_PAGES, _SAVED),
        Form("class", ".msg-form__contenteditable[contenteditable=true]", _SAVED_PAGES, _SAVED),
        Form("textbox", "[contenteditable=true][role=textbox]", _INFERENCE, _OLD),
        Form("multiline", "[contenteditable=true][aria-multiline=true]", _INFERENCE, _OLD),
    ),
)  # fmt: skip

SEND = Mark(
    SITE,
    "messaging.send",
    (
        Form("button", "button.msg-form__send-button", _SAVED_PAGES, _SAVED),
        Form("icon", "button.msg-form__send-btn", "the code of two projects", date(2025, 11, 21)),
        Form("submit", "form button[type=submit]", "inference: what submits the form", _OLD),
    ),
)  # fmt: skip

SEND_TOGGLE = Mark(
    SITE,
    "messaging.send_toggle",
    (
        Form("class", "button.msg-form__send-toggle", _SAVED_PAGES, _SAVED),
        Form("part", "button[class*='send-toggle'], button[class*='send-options']", _INFERENCE, _OLD),
    ),
)  # fmt: skip

RECIPIENT = Mark(
    SITE,
    "messaging.recipient",
    (
        Form("page", "a.msg-thread__link-to-profile[href*='/in/']", _SAVED_PAGES, _SAVED),
        Form("pill", "[class*='added-recipients'] button", "notes of two projects", date(2026, 6, 25)),
        Form("bubble", ".msg-overlay-bubble-header__title a[href*='/in/']", _SAVED_PAGES, _OLD),
        Form("heading", "h1 a[href*='/in/'], h2 a[href*='/in/'], a[href*='/in/'] h2", _INFERENCE, _OLD),
    ),
)  # fmt: skip
"""Whom the conversation is with: the link of its head, or the pill of a new message."""

PILL: Final = "[class*='added-recipient'] button, [class*='recipient-pill'] button"
"""A recipient of a new message. It shows the name only."""

MESSAGE = Mark(
    SITE,
    "messaging.message",
    (
        Form("urn", "[data-event-urn]", _SAVED_PAGES, _SAVED),
        Form("class", ".msg-s-event-listitem", _SAVED_PAGES, _OLD),
    ),
)  # fmt: skip

INCOMING = Mark(
    SITE,
    "messaging.incoming",
    (Form("class", "[data-event-urn][class*='--other']", _SAVED_PAGES, _SAVED),),
)
"""A message of the other person. A conversation in which they never wrote has none."""

BODY: Final = ".msg-s-event-listitem__body, [class*='listitem__body'], [class*='message-body']"
LOADING: Final = "[class*='message-list__loader'], [class*='message-list'] [role=progressbar]"

OVERLAY: Final = ".msg-overlay-conversation-bubble, [role=dialog], dialog"
"""What may hold a conversation beside the page's own."""

MINIMIZED: Final = "[class*='is-minimized'], [class*='is-minimised']"

PREMIUM = Mark(
    SITE,
    "messaging.premium_wall",
    (
        Form("card", "[class*='card-upsell']", "the code of a project that met it", date(2026, 6, 1)),
        Form("link", "main a[href*='/premium/']", "inference: where its button leads", date(2026, 6, 1)),
    ),
)
"""What is offered in place of a composer."""

SUBJECT: Final = (
    "input[name=subject], textarea[name=subject], input[aria-label^='Subject'], "
    "[class*='form__subject'] input, [class*='msg-form__subject']"
)
"""The subject of an InMail, which only goes to people who are not connected."""

FIELD: Final = "input:not([type]), input[type=text], textarea"
"""A line of text in the form itself, in any language: a message to a connection has none."""

DIALOG: Final = "[role=dialog], [role=alertdialog], dialog[open]"
"""Dialogs; conversations in overlays are dialogs, too."""

HEADINGS: Final = ", ".join(
    f"{part} {level}"
    for part in ("main", "[role=main]", "[role=dialog]", "dialog[open]")
    for level in ("h1", "h2", "h3")
)
"""Where the offer of Premium in place of a composer says what it is."""

REJECT_COOKIES: Final = "button[action-type=DENY], button[data-control-name*='consent.deny']"
"""The button of the banner about cookies, reported by many, mostly on pages of guests."""

TEXTS: Final = (
    "[data-event-urn]",
    "[contenteditable=true]",
    "[class*='message-snippet']",
    "main li p",
    "main [role=listitem] p",
    "aside li p",
)
"""What pictures hide: message texts, drafts and the beginnings of messages."""
