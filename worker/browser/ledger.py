"""A site without pages: effects are lines in a folder. For benches and fault tests of all but the browser."""

import hashlib
import json
import os
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from worker import clock
from worker.rules.model import BirthdayCard, InboxLine, ThreadMessage


class LedgerSite:
    """Keeps the promises of `Site`. One file for each person; a line is appended whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def signed_in(self) -> bool:
        """Nobody signs in here."""
        return True

    def birthdays(self, today: date) -> Sequence[BirthdayCard]:
        """There is no page to read."""
        return ()

    def inbox(self, since: datetime) -> Sequence[InboxLine]:
        """Nobody answers here."""
        return ()

    def open_thread(self, profile_url: str) -> "LedgerThread":
        """Open the person's file."""
        return LedgerThread(self._folder, profile_url)

    def normalise(self, profile_url: str) -> str:
        """Addresses are taken as they are."""
        return profile_url

    def screenshot(self, path: Path, *, masked: bool) -> None:
        """There is nothing to see."""


class LedgerThread:
    """One person's file. Keeps the promises of `Thread`."""

    def __init__(self, folder: Path, profile_url: str) -> None:
        self._profile_url = profile_url
        self._file = folder / f"{hashlib.sha256(profile_url.encode()).hexdigest()[:32]}.jsonl"
        self._draft = ""

    def recipient(self) -> str:
        """Return the person whose file it is."""
        return self._profile_url

    def messages(self) -> Sequence[ThreadMessage]:
        """Return the lines that reached the file."""
        try:
            lines = self._file.read_text().splitlines()
        except FileNotFoundError:
            return ()
        told = [json.loads(line) for line in lines]
        return [ThreadMessage(True, line["text"], datetime.fromisoformat(line["at"])) for line in told]

    def type(self, text: str) -> None:
        """Keep the draft."""
        self._draft = text

    def click_send(self) -> None:
        """Append one line."""
        line = json.dumps({"to": self._profile_url, "text": self._draft, "at": clock.now().isoformat()})
        handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, f"{line}\n".encode())
        finally:
            os.close(handle)
        self._draft = ""

    def proof(self, text: str, *, more_than: int) -> bool:
        """Return whether another line with this text is there."""
        return sum(message.text == text for message in self.messages()) > more_than

    def close(self) -> None:
        """Nothing is open."""
