"""The practice network's pages: sign-in, birthdays, inbox and conversations.

Playwright's errors are raised as they are; the adapter translates them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Locator, Page

from worker.browser.sandbox import dates, selectors
from worker.errors import NeverError, Reason, StopAccountError, TryAgainError
from worker.rules.model import BirthdayCard, InboxLine, ThreadMessage
from worker.rules.people.addresses import PROFILE_ORIGINS, find_member_url, normalise_profile_url
from worker.rules.people.identity import PersonKeys


def normalise(profile_url: str) -> str:
    """Return the canonical form of a profile address. Raises TryAgainError for any other address."""
    address = normalise_profile_url(urljoin(PROFILE_ORIGINS["sandbox"], profile_url), "sandbox")
    if address is None:
        raise unexpected("an address is not that of a profile")
    return address


def unexpected(text: str) -> TryAgainError:
    """Return the error for a page that is not the expected one."""
    return TryAgainError(Reason.SITE_UNEXPECTED, text)


def comparable(text: str) -> list[str]:
    """Return the lines of a text without the changes that browsers make to white space."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in lines if line]


def check_stops(page: Page, status: int | None = None) -> None:
    """Raise StopAccountError on a challenge, login or limit page, also in place of the page that was open."""
    _read_state(page, status)


def _read_state(page: Page, status: int | None) -> str:
    """Return the language of the page, or '' if it doesn't say. Raises as `check_stops` does."""
    path = urlsplit(page.url).path
    state = page.evaluate(selectors.READ_STATE)
    if path.startswith(selectors.CHALLENGE_PATH) or any(map(selectors.is_challenge, state["headings"])):
        raise StopAccountError(Reason.CHALLENGE, "the site shows a challenge; a person must answer it")
    if path.startswith(selectors.LOGIN_PATH):
        raise StopAccountError(Reason.NOT_SIGNED_IN, "the site asks to sign in again")
    if status == 429 or any(map(selectors.is_limit_notice, state["notices"])):
        raise StopAccountError(Reason.LIMIT_PAGE, "the site says that a limit is reached")
    return str(state["language"])


def open_page(page: Page, url: str) -> int:
    """Open the address and return the HTTP status. Raises for stop pages and server errors."""
    response = page.goto(url, wait_until="domcontentloaded")
    status = response.status if response else 0
    language = _read_state(page, status)
    if status >= 500:
        raise TryAgainError(Reason.SITE_UNREACHABLE, f"the site answers {status}")
    _check_language(language)
    return status


def _check_language(language: str) -> None:
    """Raise StopAccountError if the words of the page are in a language that no locator knows."""
    if language and language not in selectors.LANGUAGES:
        raise StopAccountError(
            Reason.LANGUAGE_UNKNOWN,
            f"the site's pages are in {language!r}, which Rapport can't read; choose English or French there",
        )


def sign_in(page: Page, base_url: str, name: str, password: str) -> None:
    """Fill in and submit the sign-in form, and wait for the next page."""
    page.goto(f"{base_url}/login", wait_until="domcontentloaded")
    selectors.sign_in_name(page).fill(name)
    selectors.sign_in_password(page).fill(password)
    with page.expect_navigation(wait_until="domcontentloaded"):
        selectors.sign_in_button(page).click()
    check_stops(page)
    selectors.global_nav(page).wait_for()


def read_birthdays(page: Page, today: date) -> list[BirthdayCard]:
    """Read all cards. One unreadable card fails the page, so that nobody is left out silently."""
    selectors.birthdays_heading(page).wait_for()
    cards = [
        _read_card(card, today) for card in selectors.list_items(page).evaluate_all(selectors.READ_CARDS)
    ]
    if not cards:
        selectors.no_birthdays(page).wait_for()
    return cards


def _read_card(card: dict[str, list[str]], today: date) -> BirthdayCard:
    lines = [text for text in card["texts"] if selectors.BIRTHDAY_LINE.match(text.strip())]
    if len(lines) != 1:
        raise unexpected("a birthday's line has an unknown form")
    if len(card["addresses"]) != 1 or len(card["names"]) != 1:
        raise unexpected("a birthday doesn't have exactly one link and one name")
    age = dates.parse_age(selectors.BIRTHDAY_LINE, lines[0])
    member = _find_member([f"/in/{mark}/" for mark in card["members"]])
    return BirthdayCard(normalise(card["addresses"][0]), card["names"][0].strip(), today - age, member)


def read_member(part: Locator) -> str | None:
    """Return the address by member id that a card, a profile or a conversation carries, or None.

    Raises TryAgainError if it carries the ids of several people, or if there are several such parts or none.
    """
    read = part.evaluate_all(selectors.READ_MEMBERS)
    if len(read) != 1:
        raise unexpected(f"a part of a page is there {len(read)} times")
    return _find_member(read[0])


def _find_member(marks: Sequence[str]) -> str | None:
    """Return the one address by member id among addresses, or None. Raises TryAgainError for several."""
    ids = {find_member_url(urljoin(PROFILE_ORIGINS["sandbox"], mark), "sandbox") for mark in marks} - {None}
    if len(ids) > 1:
        raise unexpected("a part of a page carries the member ids of several people")
    return ids.pop() if ids else None


def read_profile_keys(page: Page) -> PersonKeys:
    """Return the addresses of the profile that is open: where it opened, and the id that it carries."""
    return PersonKeys.of(normalise(urlsplit(page.url).path), read_member(selectors.main(page)))


def read_inbox(page: Page) -> tuple[list[InboxLine], str | None]:
    """Read a page of the inbox and the address of the next. One unreadable line fails the page."""
    selectors.inbox_heading(page).wait_for()
    lines = [
        _read_line(line)
        for line in selectors.list_items(page).evaluate_all(
            selectors.READ_INBOX, [selectors.SENT_BY_YOU, selectors.AUTOMATIC]
        )
    ]
    if not lines:
        selectors.no_conversations(page).wait_for()
    older = selectors.older_conversations(page)
    return lines, older.get_attribute("href") if older.count() else None


def _read_line(line: dict[str, str | bool | None]) -> InboxLine:
    at = datetime.fromisoformat(str(line["at"])) if line["at"] else None
    if line["outgoing"] is None or at is None or at.tzinfo is None:
        raise unexpected("a conversation has no time or no sender")
    return InboxLine(
        normalise(str(line["address"] or "")),
        at,
        bool(line["outgoing"]),
        preview=str(line["preview"] or ""),
        automatic=bool(line["automatic"]),
    )


def open_conversation(page: Page) -> None:
    """Open the conversation from a profile, after closing a pop-up if there is one."""
    button = selectors.message_button(page)
    connect = selectors.connect_button(page)
    button.or_(connect).wait_for()
    if connect.count():
        raise NeverError(Reason.NOT_CONNECTED, "the profile offers to connect, not to write")
    dismiss_popup(page)
    button.click()
    selectors.conversation(page).wait_for()


def dismiss_popup(page: Page) -> None:
    """Close a pop-up, if there is one, by its own button."""
    dismiss = selectors.dismiss(page)
    if dismiss.count():
        dismiss.click()
        dismiss.wait_for(state="detached")


@dataclass(frozen=True, slots=True)
class Conversation:
    """The open conversation. If two are open, every method raises, because locators are strict."""

    page: Page

    @property
    def _dialog(self) -> Locator:
        return selectors.conversation(self.page)

    def is_open(self) -> bool:
        """Return whether it is open, without waiting."""
        return self._dialog.count() == 1

    def recipient(self) -> str:
        """Return the profile address in the head of the conversation."""
        links = selectors.profile_links(self._dialog)
        return normalise(links.get_attribute("href") or "")

    def shown_name(self) -> str:
        """Return the name in the head of the conversation. Raises TryAgainError if there is none."""
        name = " ".join(selectors.profile_links(self._dialog).inner_text().split())
        if not any(map(str.isalpha, name)):
            raise unexpected("the head of the conversation shows no name")
        return name

    def member(self) -> str | None:
        """Read the address by member id in the conversation, if it has one."""
        return read_member(self._dialog)

    def messages(self) -> Sequence[ThreadMessage]:
        """Read all messages at once."""
        selectors.log(self._dialog).wait_for(state="attached")
        read = selectors.bubbles(self._dialog).evaluate_all(
            selectors.READ_BUBBLES, [selectors.SENT_BY_YOU, selectors.AUTOMATIC]
        )
        if any(bubble["text"] is None or bubble["outgoing"] is None for bubble in read):
            raise unexpected("a message has no text or no sender")
        return [
            ThreadMessage(
                bool(bubble["outgoing"]),
                str(bubble["text"]),
                datetime.fromisoformat(bubble["at"]) if bubble["at"] else None,
                bool(bubble["automatic"]),
            )
            for bubble in read
        ]

    def require_empty(self) -> None:
        """Raise TryAgainError if the composer holds a draft, which is not overwritten."""
        if not self.draft_is_empty():
            raise TryAgainError(
                Reason.COMPOSER_OCCUPIED, "the message field holds a text already; send or clear it by hand"
            )

    def write(self, text: str) -> None:
        """Put the text into the composer, and check that it holds this text."""
        composer = selectors.composer(self._dialog)
        composer.fill(text)
        if comparable(composer.inner_text()) != comparable(text):
            raise unexpected("the composer does not hold what was typed")

    def clear(self, text: str) -> None:
        """Empty the composer, if the conversation is open and the composer holds exactly this text."""
        composer = selectors.composer(self._dialog)
        if composer.count() == 1 and comparable(composer.inner_text()) == comparable(text):
            composer.fill("")

    def draft_is_empty(self) -> bool:
        """Return whether the composer is empty."""
        return not comparable(selectors.composer(self._dialog).inner_text())

    def send(self) -> None:
        """Click the send button once, after closing a pop-up if there is one."""
        dismiss_popup(self.page)
        selectors.send_button(self._dialog).click()

    def answer_question(self) -> bool:
        """Decline to share contact details. Return whether no other question is left over the page.

        With one left nothing is proven: only a person can tell what it means.
        """
        questions, decline = selectors.questions(self.page), selectors.decline_sharing(self.page)
        if not questions.count():
            return True
        if decline.count():
            decline.click()
            decline.wait_for(state="detached")
        return not questions.count()

    def close(self) -> None:
        """Close it, and wait until it has closed."""
        selectors.close_button(self._dialog).click()
        self._dialog.wait_for(state="detached")
