"""A site without pages, which records effects in files. For benches and fault tests without a browser."""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from pathlib import Path

from playwright.sync_api import Page

from worker import clock
from worker.browser.site import Invitation, PageProgress, ignore_progress
from worker.errors import ConfigurationError, NeverError, Reason
from worker.rules.model import (
    BirthdayCard,
    FoundPerson,
    InboxLine,
    ResultPage,
    SentInvitation,
    ThreadMessage,
)
from worker.rules.people.identity import PersonKeys
from worker.rules.sourcing.profile import Profile, Section
from worker.rules.sourcing.search import SearchQuery
from worker.settings import Settings, missing_for_site

_PAGE_SIZE = 10


class LedgerSite:
    """Implements `Site`. There is one file per person; each line is appended atomically."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def open(cls, settings: Settings, _open_page: Callable[[], Page]) -> "LedgerSite":
        """Return the site in the folder of RAPPORT_LEDGER_DIR. Raises ConfigurationError if it is unset."""
        if settings.ledger_dir is None:
            raise missing_for_site("ledger_dir")
        return cls(settings.ledger_dir)

    @classmethod
    def sign_in_address(cls, settings: Settings) -> str:
        """Raise ConfigurationError: this site has no sign-in."""
        raise ConfigurationError("the ledger has no pages to sign in to")

    @classmethod
    def looks_signed_in(cls, page: Page) -> bool:
        """Return True: this site has no sign-in."""
        return True

    def signed_in(self) -> bool:
        """Return True: this site has no sign-in."""
        return True

    def birthdays(self, today: date) -> Sequence[BirthdayCard]:
        """Return nothing: this site has no birthdays."""
        return ()

    def inbox(self, since: datetime) -> Sequence[InboxLine]:
        """Return nothing: nobody replies on this site."""
        return ()

    def open_thread(self, profile_url: str, member_url: str | None = None) -> "LedgerThread":
        """Open the person's file."""
        return LedgerThread(self._folder, profile_url)

    def search(self, query: SearchQuery, page: int) -> ResultPage:
        """Return invented people, ten per page. The term `people` sets their number, `name` their names."""
        terms = dict(query.terms)
        count, name = int(terms.get("people", "0")), terms.get("name", "person")
        numbers = range((page - 1) * _PAGE_SIZE + 1, min(page * _PAGE_SIZE, count) + 1)
        self._append(f"search {name}", {"page": page, "name": name})
        people = tuple(
            FoundPerson(f"ledger:{name}-{n}", f"{name} {n}", "a headline", "a place", None, n % 2 == 0)
            for n in numbers
        )
        return ResultPage(people, page * _PAGE_SIZE < count)

    def read_profile(self, profile_url: str, sections: Collection[Section]) -> Profile:
        """Record the visit and return a profile, which is the same for everybody."""
        self._append(f"visit {profile_url}", {"visited": profile_url})
        skills = ("Patience", "Planning") if Section.SKILLS in sections else None
        return Profile(profile_url, profile_url, "a headline", "a place", None, False, skills=skills)

    def shown_keys(self) -> PersonKeys:
        """Return no addresses: the site has no member ids."""
        return PersonKeys(None, None)

    def sent_invitations(
        self, today: date, on_page: PageProgress = ignore_progress
    ) -> Sequence[SentInvitation]:
        """Return nothing: nobody was invited."""
        return ()

    def open_invitation(self, profile_url: str) -> Invitation:
        """Raise NeverError: nobody was invited."""
        raise NeverError(Reason.INVITATION_GONE, "there is no invitation to this person")

    def _append(self, about: str, line: dict[str, str | int]) -> None:
        name = hashlib.sha256(about.encode()).hexdigest()[:32]
        _append(self._folder / f"{name}.jsonl", {**line, "at": clock.now().isoformat()})

    def normalise(self, profile_url: str) -> str:
        """Return the address as it is."""
        return profile_url

    def screenshot(self, path: Path, *, masked: bool) -> None:
        """Do nothing: there is no page."""


class LedgerThread:
    """One person's file. Implements `Thread`."""

    def __init__(self, folder: Path, profile_url: str) -> None:
        self._profile_url = profile_url
        self._file = folder / f"{hashlib.sha256(profile_url.encode()).hexdigest()[:32]}.jsonl"
        self._draft = ""

    def recipient(self) -> str:
        """Return the person whose file this is."""
        return self._profile_url

    def shown_name(self) -> str:
        """Return the last part of the address: the people of this site are called by their addresses."""
        return self._profile_url.rstrip("/").rpartition("/")[2]

    def member(self) -> str | None:
        """Return None: the site has no member ids."""
        return None

    def messages(self) -> Sequence[ThreadMessage]:
        """Return the lines of the file."""
        try:
            lines = self._file.read_text().splitlines()
        except FileNotFoundError:
            return ()
        sent = [json.loads(line) for line in lines]
        return [ThreadMessage(True, line["text"], datetime.fromisoformat(line["at"])) for line in sent]

    def may_miss_messages(self) -> bool:
        """Return False: a conversation shows all its messages."""
        return False

    def type(self, text: str) -> None:
        """Store the draft."""
        self._draft = text

    def click_send(self) -> None:
        """Append one line."""
        _append(self._file, {"to": self._profile_url, "text": self._draft, "at": clock.now().isoformat()})
        self._draft = ""

    def proof(self, text: str, *, more_than: int) -> bool:
        """Return whether more than `more_than` lines have this text."""
        return sum(message.text == text for message in self.messages()) > more_than

    def clear(self) -> None:
        """Drop the draft."""
        self._draft = ""

    def close(self) -> None:
        """Do nothing: nothing is open."""


def _append(file: Path, line: dict[str, str | int]) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, f"{json.dumps(line)}\n".encode())
    finally:
        os.close(handle)
