"""What a person sees and does on the practice network. Raises Playwright's errors; the adapter translates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Locator, Page

from worker.browser.sandbox import selectors
from worker.errors import NeverError, Reason, StopAccountError, TryAgainError
from worker.rules.addresses import PROFILE_ORIGINS, normalise_profile_url
from worker.rules.model import BirthdayCard, InboxLine, ThreadMessage


def normalise(profile_url: str) -> str:
    """The one form of a profile's address. Raises TryAgainError for what is not one."""
    address = normalise_profile_url(urljoin(PROFILE_ORIGINS["sandbox"], profile_url), "sandbox")
    if address is None:
        raise TryAgainError(Reason.SITE_UNEXPECTED, "an address is not that of a profile")
    return address


def comparable(text: str) -> list[str]:
    """A text without what browsers do to white space: line ends, runs of blanks, blank lines."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in lines if line]


def check_stops(page: Page, status: int | None = None) -> None:
    """Raise StopAccountError where the site asks for a person."""
    path = urlsplit(page.url).path
    if path.startswith(selectors.CHALLENGE_PATH):
        raise StopAccountError(Reason.CHALLENGE, "the site shows a challenge; a person must answer it")
    if path.startswith(selectors.LOGIN_PATH):
        raise StopAccountError(Reason.NOT_SIGNED_IN, "the site asks to sign in again")
    if status == 429 or selectors.limit_notices(page).count():
        raise StopAccountError(Reason.LIMIT_PAGE, "the site says that a limit is reached")


def open_page(page: Page, url: str) -> int:
    """Go there and give the status. Raises for stops and for what the server can't serve now."""
    response = page.goto(url, wait_until="domcontentloaded")
    status = response.status if response else 0
    check_stops(page, status)
    if status >= 500:
        raise TryAgainError(Reason.SITE_UNREACHABLE, f"the site answers {status}")
    return status


def sign_in(page: Page, base_url: str, name: str, password: str) -> None:
    """Fill the sign-in form as a person would, and wait for the answer."""
    page.goto(f"{base_url}/login", wait_until="domcontentloaded")
    selectors.sign_in_name(page).fill(name)
    selectors.sign_in_password(page).fill(password)
    with page.expect_navigation(wait_until="domcontentloaded"):
        selectors.sign_in_button(page).click()
    check_stops(page)
    selectors.global_nav(page).wait_for()


def read_birthdays(page: Page, today: date) -> list[BirthdayCard]:
    """All cards shown. One that can't be read fails the page: a person left out would go unnoticed."""
    selectors.birthdays_heading(page).wait_for()
    cards = [_read_card(card, today) for card in selectors.birthday_cards(page).all()]
    if not cards:
        selectors.no_birthdays(page).wait_for()
    return cards


def _read_card(card: Locator, today: date) -> BirthdayCard:
    address = selectors.card_link(card).get_attribute("href") or ""
    name = selectors.card_name(card).inner_text().strip()
    line = selectors.card_line(card).inner_text().strip()
    return BirthdayCard(normalise(address), name, today - _ago(line))


def _ago(line: str) -> timedelta:
    said = selectors.BIRTHDAY_LINE.match(line)
    if said is None:
        raise TryAgainError(Reason.SITE_UNEXPECTED, "a birthday's line is in no form that is known")
    yesterday, days, hier, jours = said.groups()
    return timedelta(days=1 if yesterday or hier else int(days or jours or 0))


def read_inbox(page: Page) -> tuple[list[InboxLine], str | None]:
    """One page of the inbox, and the address of the next. One line that can't be read fails the page."""
    selectors.inbox_heading(page).wait_for()
    lines = [
        _read_line(line)
        for line in selectors.inbox_lines(page).evaluate_all(selectors.READ_INBOX, selectors.SENT_BY_YOU)
    ]
    if not lines:
        selectors.no_conversations(page).wait_for()
    older = selectors.older_conversations(page)
    return lines, older.get_attribute("href") if older.count() else None


def _read_line(line: dict[str, str | bool | None]) -> InboxLine:
    at = datetime.fromisoformat(str(line["at"])) if line["at"] else None
    if line["outgoing"] is None or at is None or at.tzinfo is None:
        raise TryAgainError(Reason.SITE_UNEXPECTED, "a conversation has no time or no sender")
    return InboxLine(normalise(str(line["address"] or "")), at, bool(line["outgoing"]))


def open_conversation(page: Page) -> None:
    """On a profile: open the conversation, past a pop-up if there is one."""
    button = selectors.message_button(page)
    connect = selectors.connect_button(page)
    button.or_(connect).wait_for()
    if connect.count():
        raise NeverError(Reason.NOT_CONNECTED, "the profile offers to connect, not to write")
    dismiss_popup(page)
    button.click()
    selectors.conversation(page).wait_for()


def dismiss_popup(page: Page) -> None:
    """Close a pop-up by its own button."""
    dismiss = selectors.dismiss(page)
    if dismiss.count():
        dismiss.click()
        dismiss.wait_for(state="detached")


@dataclass(frozen=True, slots=True)
class Conversation:
    """The one open conversation. A second one open is an error of every method: locators are strict."""

    page: Page

    @property
    def _dialog(self) -> Locator:
        return selectors.conversation(self.page)

    def is_open(self) -> bool:
        """Whether it is there at all. Asks, and does not wait."""
        return self._dialog.count() == 1

    def recipient(self) -> str:
        """Whom the head of the conversation links to."""
        links = selectors.profile_links(self._dialog)
        return normalise(links.get_attribute("href") or "")

    def messages(self) -> Sequence[ThreadMessage]:
        """All bubbles, read in one go."""
        selectors.log(self._dialog).wait_for(state="attached")
        read = selectors.bubbles(self._dialog).evaluate_all(selectors.READ_BUBBLES, selectors.SENT_BY_YOU)
        if any(bubble["text"] is None or bubble["outgoing"] is None for bubble in read):
            raise TryAgainError(Reason.SITE_UNEXPECTED, "a message has no text or no sender")
        return [
            ThreadMessage(
                bool(bubble["outgoing"]),
                str(bubble["text"]),
                datetime.fromisoformat(bubble["at"]) if bubble["at"] else None,
            )
            for bubble in read
        ]

    def write(self, text: str) -> None:
        """Replace what the composer holds, and make sure that it holds this now."""
        composer = selectors.composer(self._dialog)
        composer.fill(text)
        if comparable(composer.inner_text()) != comparable(text):
            raise TryAgainError(Reason.SITE_UNEXPECTED, "the composer does not hold what was typed")

    def draft_is_empty(self) -> bool:
        """Whether the composer holds nothing."""
        return not comparable(selectors.composer(self._dialog).inner_text())

    def send(self) -> None:
        """One click on the send button, past a pop-up if one came up since."""
        dismiss_popup(self.page)
        selectors.send_button(self._dialog).click()

    def close(self) -> None:
        """Close it and see it gone."""
        selectors.close_button(self._dialog).click()
        self._dialog.wait_for(state="detached")
