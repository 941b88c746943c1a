"""Locators for the practice network's page of sent invitations."""

import re

from playwright.sync_api import Locator, Page

from worker.browser.sandbox.dates import age_pattern
from worker.browser.sandbox.selectors import main

SENT_LINE = age_pattern("Sent", "Envoyée", units=("day|week|month|year", "jour|semaine|mois|an"))
TOTAL = re.compile(r"^(?:People|Personnes) \((\d+)\)$")

_HEADING = re.compile(r"^(Sent invitations|Invitations envoyées)$")
_NONE = re.compile(r"^(No sent invitations|Aucune invitation envoyée)")
_TITLE = re.compile(r"^(Withdraw invitation|Retirer l.invitation)$")
_WITHDRAW = re.compile(r"^(Withdraw|Retirer)\b")


def heading(page: Page) -> Locator:
    """Return the heading that identifies this page."""
    return page.get_by_role("heading", name=_HEADING, level=1)


def total(page: Page) -> Locator:
    """Return the line with the number of invitations on all pages."""
    return main(page).get_by_text(TOTAL)


def none_sent(page: Page) -> Locator:
    """Return the text of a page without invitations."""
    return main(page).get_by_text(_NONE)


def card_line(card: Locator) -> Locator:
    """Return the line with the age of an invitation."""
    return card.get_by_text(SENT_LINE)


def withdraw_button(card: Locator) -> Locator:
    """Return the button that opens the dialog."""
    return card.get_by_role("button", name=_WITHDRAW)


def dialog(page: Page) -> Locator:
    """Return the dialog that asks for a confirmation."""
    return page.get_by_role("dialog", name=_TITLE)


def confirm_button(dialog: Locator) -> Locator:
    """Return the button that withdraws."""
    return dialog.get_by_role("button", name=_WITHDRAW)
