"""Where things are on the practice network's page of sent invitations: locators only, as in `selectors`."""

import re

from playwright.sync_api import Locator, Page

SENT_LINE = re.compile(
    r"^(?:Sent (?:today|(yesterday)|(\d+) (day|week|month|year)s? ago)"
    r"|Envoyée (?:aujourd.hui|(hier)|il y a (\d+) (jour|semaine|mois|an)s?))$"
)
"""Groups: yesterday, how many and of what, in English and in French."""

TOTAL = re.compile(r"^(?:People|Personnes) \((\d+)\)$")

_HEADING = re.compile(r"^(Sent invitations|Invitations envoyées)$")
_NEXT = re.compile(r"^(Next|Suivant)$")
_NONE = re.compile(r"^(No sent invitations|Aucune invitation envoyée)")
_TITLE = re.compile(r"^(Withdraw invitation|Retirer l.invitation)$")
_WITHDRAW = re.compile(r"^(Withdraw|Retirer)\b")


def heading(page: Page) -> Locator:
    """What tells this page from any other."""
    return page.get_by_role("heading", name=_HEADING, level=1)


def total(page: Page) -> Locator:
    """What says how many there are, on all pages together."""
    return page.get_by_role("main").get_by_text(TOTAL)


def cards(page: Page) -> Locator:
    """The invitations that a page lists."""
    return page.get_by_role("main").get_by_role("list").get_by_role("listitem")


def none_sent(page: Page) -> Locator:
    """What the page says when it lists nobody."""
    return page.get_by_role("main").get_by_text(_NONE)


def following(page: Page) -> Locator:
    """The way to the next page."""
    return page.get_by_role("main").get_by_role("link", name=_NEXT)


def card_link(card: Locator) -> Locator:
    """The link to the profile."""
    return card.get_by_role("link")


def card_name(card: Locator) -> Locator:
    """The name, alone."""
    return card.locator("span[dir]")


def card_line(card: Locator) -> Locator:
    """The line that says when it was sent."""
    return card.get_by_text(SENT_LINE)


def card_time(card: Locator) -> Locator:
    """The exact day, where the page tells it."""
    return card.locator("time[datetime]")


def withdraw_button(card: Locator) -> Locator:
    """The button that begins to withdraw."""
    return card.get_by_role("button", name=_WITHDRAW)


def dialog(page: Page) -> Locator:
    """The question whether it is really to be withdrawn."""
    return page.get_by_role("dialog", name=_TITLE)


def dialog_links(dialog: Locator) -> Locator:
    """Whom the question is about."""
    return dialog.get_by_role("link")


def confirm_button(dialog: Locator) -> Locator:
    """The button that withdraws."""
    return dialog.get_by_role("button", name=_WITHDRAW)


EVERY_LINK = "(links) => links.map((link) => link.getAttribute('href') ?? '')"
"""The addresses of all links in one go."""
