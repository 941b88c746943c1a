"""The page of sent invitations: read it, and withdraw one. Errors are raised as in `pages`."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from playwright.sync_api import Locator, Page

from worker.browser.sandbox import dates, selectors
from worker.browser.sandbox import invitation_selectors as invitation
from worker.browser.sandbox.pages import dismiss_popup, normalise, unexpected
from worker.errors import NeverError, Reason
from worker.rules.model import SentInvitation


@dataclass(frozen=True, slots=True)
class SentPage:
    """The people on one page of the list, the length of the whole list, and the address of the next page."""

    addresses: tuple[str, ...]
    total: int
    following: str | None


def read_page(page: Page) -> SentPage:
    """Read who is listed on the open page, without the details."""
    total = _total(page)
    addresses = _addresses(page)
    if not addresses:
        invitation.none_sent(page).wait_for()
    return SentPage(tuple(addresses), total, _following(page))


def read_cards(page: Page, today: date) -> list[SentInvitation]:
    """Read the page's invitations. One unreadable card fails the page: nobody is left out silently."""
    return [_read_card(card, today) for card in selectors.list_items(page).all()]


def find_card(page: Page, profile_url: str) -> Locator:
    """Return this person's card on the open page. Raises TryAgainError unless there is exactly one."""
    positions = [number for number, address in enumerate(_addresses(page)) if address == profile_url]
    if len(positions) != 1:
        raise unexpected(f"one person has {len(positions)} invitations on one page")
    return selectors.list_items(page).nth(positions[0])


def open_dialog(page: Page, card: Locator, profile_url: str) -> None:
    """Click withdraw on the card, and check that the dialog is about this person.

    Raises NeverError if it is about somebody else. Nothing has been withdrawn then.
    """
    dismiss_popup(page)
    invitation.withdraw_button(card).click()
    dialog = invitation.dialog(page)
    dialog.wait_for()
    about = dialog.get_by_role("link").evaluate_all(selectors.EVERY_LINK)
    if [normalise(address) for address in about] != [profile_url]:
        raise NeverError(Reason.WRONG_RECIPIENT, "the question is about another invitation")


def confirm(page: Page, at_most: timedelta) -> None:
    """Click the dialog's button once, and wait until a card disappears, which the site's reply causes.

    A closed dialog proves nothing: it also closes before a redirect to a challenge.
    """
    cards = selectors.list_items(page)
    last = cards.nth(cards.count() - 1)
    invitation.confirm_button(invitation.dialog(page)).click()
    last.wait_for(state="detached", timeout=at_most / timedelta(milliseconds=1))


def _total(page: Page) -> int:
    invitation.heading(page).wait_for()
    found = invitation.TOTAL.match(invitation.total(page).inner_text().strip())
    if found is None:
        raise unexpected("the page does not say how many invitations there are")
    return int(found[1])


def _addresses(page: Page) -> list[str]:
    cards = selectors.list_items(page)
    addresses = selectors.card_link(cards).evaluate_all(selectors.EVERY_LINK)
    if len(addresses) != cards.count():
        raise unexpected("an invitation doesn't have exactly one link")
    return [normalise(address) for address in addresses]


def _following(page: Page) -> str | None:
    link = selectors.next_page(page)
    return link.get_attribute("href") if link.count() else None


def _read_card(card: Locator, today: date) -> SentInvitation:
    address = selectors.card_link(card).get_attribute("href") or ""
    name = selectors.card_name(card).inner_text().strip()
    time = card.locator("time[datetime]")
    exact = time.get_attribute("datetime") if time.count() else None
    if exact is None:
        return SentInvitation(normalise(address), name, today - _age(card))
    try:
        return SentInvitation(normalise(address), name, datetime.fromisoformat(exact).date())
    except ValueError:
        raise unexpected("an invitation's time has an unknown form") from None


def _age(card: Locator) -> timedelta:
    """Return the minimum age of an invitation, so that it is never treated as older than it is."""
    try:
        return dates.parse_age(invitation.SENT_LINE, invitation.card_line(card).inner_text())
    except ValueError:
        raise unexpected("an invitation's age has an unknown form") from None
