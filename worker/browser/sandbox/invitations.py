"""The page of sent invitations, as a person reads and uses it. Raises as `pages` does."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from playwright.sync_api import Locator, Page

from worker.browser.sandbox import sent_selectors as selectors
from worker.browser.sandbox.pages import dismiss_popup, normalise
from worker.errors import NeverError, Reason, TryAgainError
from worker.rules.model import SentInvitation

_UNIT_DAYS = {
    "day": 1, "week": 7, "month": 30, "year": 365,
    "jour": 1, "semaine": 7, "mois": 30, "an": 365,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SentPage:
    """Whom one page of the list shows, how many the whole list holds, and the address of the next page."""

    addresses: tuple[str, ...]
    total: int
    following: str | None


def glance(page: Page) -> SentPage:
    """Look over the page that is shown, without reading what it says of each."""
    total = _total(page)
    addresses = _addresses(page)
    if not addresses:
        selectors.none_sent(page).wait_for()
    return SentPage(tuple(addresses), total, _following(page))


def read_cards(page: Page, today: date) -> list[SentInvitation]:
    """The page's invitations. One that can't be read fails it: a person left out would go unnoticed."""
    return [_read_card(card, today) for card in selectors.cards(page).all()]


def find_card(page: Page, profile_url: str) -> Locator:
    """The card of this person on the page that is shown. Raises TryAgainError where not exactly one is."""
    theirs = [number for number, address in enumerate(_addresses(page)) if address == profile_url]
    if len(theirs) != 1:
        raise TryAgainError(Reason.SITE_UNEXPECTED, f"one person has {len(theirs)} invitations on one page")
    return selectors.cards(page).nth(theirs[0])


def ask_to_withdraw(page: Page, card: Locator, profile_url: str) -> None:
    """Click withdraw on the card, past a pop-up, and make sure that the question is about this person.

    Raises NeverError where it is about anybody else; nothing is withdrawn then.
    """
    dismiss_popup(page)
    selectors.withdraw_button(card).click()
    dialog = selectors.dialog(page)
    dialog.wait_for()
    about = selectors.dialog_links(dialog).evaluate_all(selectors.EVERY_LINK)
    if [normalise(address) for address in about] != [profile_url]:
        raise NeverError(Reason.WRONG_RECIPIENT, "the question is about another invitation")


def confirm(page: Page, at_most: timedelta) -> None:
    """One click on the question's own button; wait until a card has gone, as it does with the answer.

    That the question goes away is not enough: it does so, too, before the page leads to a challenge.
    """
    last = selectors.cards(page).nth(selectors.cards(page).count() - 1)
    selectors.confirm_button(selectors.dialog(page)).click()
    last.wait_for(state="detached", timeout=at_most / timedelta(milliseconds=1))


def _total(page: Page) -> int:
    selectors.heading(page).wait_for()
    said = selectors.TOTAL.match(selectors.total(page).inner_text().strip())
    if said is None:
        raise TryAgainError(Reason.SITE_UNEXPECTED, "the page does not say how many invitations there are")
    return int(said[1])


def _addresses(page: Page) -> list[str]:
    cards = selectors.cards(page)
    addresses = selectors.card_link(cards).evaluate_all(selectors.EVERY_LINK)
    if len(addresses) != cards.count():
        raise TryAgainError(Reason.SITE_UNEXPECTED, "an invitation has not exactly one link")
    return [normalise(address) for address in addresses]


def _following(page: Page) -> str | None:
    link = selectors.following(page)
    return link.get_attribute("href") if link.count() else None


def _read_card(card: Locator, today: date) -> SentInvitation:
    address = selectors.card_link(card).get_attribute("href") or ""
    name = selectors.card_name(card).inner_text().strip()
    time = selectors.card_time(card)
    exact = time.get_attribute("datetime") if time.count() else None
    if exact is None:
        return SentInvitation(normalise(address), name, today - _ago(selectors.card_line(card).inner_text()))
    try:
        return SentInvitation(normalise(address), name, datetime.fromisoformat(exact).date())
    except ValueError:
        raise TryAgainError(Reason.SITE_UNEXPECTED, "an invitation's time is in no known form") from None


def _ago(line: str) -> timedelta:
    """How long ago at least: "3 weeks" are 21 to 27 days, and none is to be taken for older than it is."""
    said = selectors.SENT_LINE.match(line.strip())
    if said is None:
        raise TryAgainError(Reason.SITE_UNEXPECTED, "an invitation's age is in no form that is known")
    yesterday, count, unit, hier, compte, unite = said.groups()
    if yesterday or hier:
        return timedelta(days=1)
    return timedelta(days=int(count or compte or 0) * _UNIT_DAYS[unit or unite or "day"])
