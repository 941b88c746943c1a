"""The few verbs that every site offers, and what they promise.

An adapter turns each of them into page objects. All verbs raise the errors of `worker.errors`:
`StopAccountError` on a challenge, login or limit page; `TryAgainError` on a timeout or a page that is
not what it should be; `NeverError` where the site says that it can't be done.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from worker.rules.model import BirthdayCard, InboxLine, ResultPage, SentInvitation, ThreadMessage
from worker.rules.sourcing.profile import Profile, Section
from worker.rules.sourcing.search import SearchQuery


class Thread(Protocol):
    """One open conversation. Every method looks at the page afresh; nothing is cached."""

    def recipient(self) -> str:
        """The normalised profile address of the person this thread belongs to, read from the page."""

    def messages(self) -> Sequence[ThreadMessage]:
        """All bubbles shown, oldest first, outside the composer."""

    def type(self, text: str) -> None:
        """Put exactly `text` into the composer, replacing a draft. Sends nothing."""

    def click_send(self) -> None:
        """Click the send button once. No wait, no proof, no second click."""

    def proof(self, text: str, *, more_than: int) -> bool:
        """True once the composer is empty and more than `more_than` outgoing bubbles hold exactly `text`.

        Waits a few seconds at most; False means that it could not be proven, not that it was not sent.
        """

    def close(self) -> None:
        """Close the conversation so that the next one cannot be mistaken for it."""


class Invitation(Protocol):
    """One sent invitation on an open page."""

    def withdraw(self) -> None:
        """Click withdraw and confirm, once. No proof: `sent_invitations` says whether it is still there."""


class Site(Protocol):
    """One account's view of one site, in one browser context."""

    def signed_in(self) -> bool:
        """Whether the feed opens for this session."""

    def birthdays(self, today: date) -> Sequence[BirthdayCard]:
        """The birthdays page: today's and the earlier days' that the site still shows.

        `today` is the date in the account's zone; cards that say "2 days ago" are dated from it.
        """

    def inbox(self, since: datetime) -> Sequence[InboxLine]:
        """The conversations whose last message is not older than `since` (aware), newest first, each once.

        Opens none of them: what is unread stays unread.
        """

    def open_thread(self, profile_url: str) -> Thread:
        """Open the conversation with this person. Does not check whom it opened: `recipient` says."""

    def search(self, query: SearchQuery, page: int) -> ResultPage:
        """Page `page` (1, 2, ...) of a people search, in the site's order."""

    def read_profile(self, profile_url: str, sections: Collection[Section]) -> Profile:
        """Open a profile and read it as a person would: scroll, open what is folded, read these sections.

        The head is always read. Raises NeverError(PROFILE_GONE) where the site has no such profile.
        """

    def sent_invitations(self, today: date) -> Sequence[SentInvitation]:
        """The invitations that nobody has answered yet, newest first, each once. Dated from `today`."""

    def open_invitation(self, profile_url: str) -> Invitation:
        """Find the invitation to this person. Withdraws nothing.

        Raises NeverError(INVITATION_GONE) where the list, read to its end, has none.
        """

    def normalise(self, profile_url: str) -> str:
        """The one stable form of a profile address on this site."""

    def screenshot(self, path: Path, *, masked: bool) -> None:
        """Write a PNG of the page; with `masked`, message texts are covered."""
