"""The protocol that every site's adapter implements.

All methods raise the errors of worker/errors.py: `StopAccountError` on a challenge, login or limit page,
`TryAgainError` on a timeout or an unexpected page, `NeverError` if the site says that it can't be done.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from worker.rules.model import BirthdayCard, InboxLine, ResultPage, SentInvitation, ThreadMessage
from worker.rules.people.identity import PersonKeys
from worker.rules.sourcing.profile import Profile, Section
from worker.rules.sourcing.search import SearchQuery

PageProgress = Callable[[int, int], None]
"""Is told the number of a page that was read, and how many entries were found so far."""


def ignore_progress(_page: int, _found: int) -> None:
    """Do nothing: nobody waits for the list."""


class Thread(Protocol):
    """One open conversation. Every method reads the page again; nothing is cached."""

    def recipient(self) -> str:
        """Return the normalised profile address of the conversation's person, read from the page.

        Where the page has only the address by member id, it is that one.
        """

    def member(self) -> str | None:
        """Return the address by member id of the conversation's person, or None if the page shows none."""

    def shown_name(self) -> str:
        """Return the name that the conversation's head shows. Raises TryAgainError if it shows none."""

    def messages(self) -> Sequence[ThreadMessage]:
        """Return all messages shown outside the composer, oldest first."""

    def may_miss_messages(self) -> bool:
        """Return whether earlier messages may exist that the page can't show. Then none proves nothing."""

    def type(self, text: str) -> None:
        """Put exactly `text` into the composer. Sends nothing.

        Raises TryAgainError with COMPOSER_OCCUPIED if the composer holds a draft, which is never overwritten.
        """

    def click_send(self) -> None:
        """Click the send button once, without waiting, proof or a second click."""

    def proof(self, text: str, *, more_than: int) -> bool:
        """Return whether the composer is empty and more than `more_than` outgoing messages equal `text`.

        Waits a few seconds at most. False means that it is not proven, not that it was not sent. A site whose
        server gives ids to messages proves it by the new id. Raises UnknownDialogError if a person must look.
        """

    def clear(self) -> None:
        """Empty the composer if it holds what `type` put there. May raise TryAgainError if a draft stays."""

    def close(self) -> None:
        """Close the conversation, so that it can't be mistaken for the next one."""


class Invitation(Protocol):
    """One pending invitation on an open page."""

    def withdraw(self) -> None:
        """Click withdraw and confirm, once. `sent_invitations` shows whether it had an effect."""


class Site(Protocol):
    """One account's view of one site, in one browser context."""

    def signed_in(self) -> bool:
        """Return whether the feed opens for this session."""

    def birthdays(self, today: date) -> Sequence[BirthdayCard]:
        """Read the birthdays page: today's birthdays and the past ones that the site still shows.

        `today` is the date in the account's zone. Cards such as "2 days ago" are dated from it.
        """

    def inbox(self, since: datetime) -> Sequence[InboxLine]:
        """Read the conversations whose last message is not older than `since` (aware), newest first.

        Opens none of them, so that unread ones stay unread.
        """

    def open_thread(self, profile_url: str, member_url: str | None = None) -> Thread:
        """Open the conversation with this person. The caller checks the `recipient`.

        `member_url` is the person's address by member id, where it is known: a site whose conversations open
        by id needs no profile then.
        """

    def search(self, query: SearchQuery, page: int) -> ResultPage:
        """Read page `page` (1, 2, ...) of a people search, in the site's order."""

    def read_profile(self, profile_url: str, sections: Collection[Section]) -> Profile:
        """Open a profile, scroll through it, unfold and read these sections.

        The head is always read. Raises NeverError(PROFILE_GONE) if the site has no such profile.
        """

    def shown_keys(self) -> PersonKeys:
        """Return the addresses of the profile that is open: where it opened, and the member id on it."""

    def sent_invitations(
        self, today: date, on_page: PageProgress = ignore_progress
    ) -> Sequence[SentInvitation]:
        """Read the pending invitations, newest first, dated from `today`.

        Calls `on_page` after each page with its number and how many invitations were found so far.
        """

    def open_invitation(self, profile_url: str) -> Invitation:
        """Find the invitation to this person. Withdraws nothing.

        Raises NeverError(INVITATION_GONE) if the list, read to its end, doesn't have it.
        """

    def normalise(self, profile_url: str) -> str:
        """Return the canonical form of a profile address on this site."""

    def screenshot(self, path: Path, *, masked: bool) -> None:
        """Write a PNG of the page. With `masked`, message texts are covered."""
