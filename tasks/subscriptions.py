"""Subscribe to address books and calendars, and read them again.

The whole address is encrypted with the password, with the keys of the browser sessions. Only browser workers
and a person's own commands hold these keys, so they read the sources.
"""

import json
import re
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from db.engine import Database, today_in
from db.imports.merge import ImportFile, import_file
from db.imports.report import ImportReport
from db.store.imports import subscriptions
from db.store.imports.subscriptions import ReadEntry, ReadingClaim
from db.store.people import import_lock
from worker import metrics
from worker.errors import ConfigurationError, RequestRefusedError
from worker.remote.calendars import read_events
from worker.remote.carddav import AddressBook, read_cards
from worker.remote.connections import Resolver, resolve_host
from worker.remote.fetcher import Credentials, Fetcher
from worker.remote.sources import KnownSource, SourceChanges, digest
from worker.rules.model import ImportSource
from worker.rules.subscriptions.readings import ReadFailure, SourceKind, SourceUnreadableError
from worker.rules.subscriptions.source_address import choose_reach, parse_source
from worker.secrets import Vault

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_PICTURE: Final = re.compile(r"(?:[\w-]+\.)?(?:PHOTO|LOGO|SOUND|KEY)[;:]", re.IGNORECASE)
_PICTURE_CHARS: Final = 100
_FORMATS: Final = {SourceKind.CARDDAV: ImportSource.VCARD, SourceKind.CALENDAR: ImportSource.ICALENDAR}
_NAMES: Final = {SourceKind.CARDDAV: "address book", SourceKind.CALENDAR: "calendar"}


class Source(BaseModel):
    """What is encrypted: where a source is, and how it is opened."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    url: SecretStr
    own_network: bool = False
    user: str = ""
    password: SecretStr = SecretStr("")

    def open(self, *, within_s: float, resolve: Resolver = resolve_host) -> Fetcher:
        """Return a fetcher for it, which has `within_s` seconds. Raises RequestRefusedError."""
        url = self.url.get_secret_value()
        address = parse_source(url, choose_reach(url, own_network=self.own_network))
        credentials = Credentials(self.user, self.password) if self.user else None
        return Fetcher(address, credentials, within_s=within_s, resolve=resolve)

    def seal(self, vault: Vault) -> bytes:
        """Return it encrypted."""
        secrets = {"url": self.url.get_secret_value(), "password": self.password.get_secret_value()}
        return vault.seal(json.dumps({**secrets, "user": self.user, "own_network": self.own_network}))

    @classmethod
    def unseal(cls, sealed: bytes, vault: Vault) -> "Source":
        """Return it decrypted. Raises SourceUnreadableError if no key decrypts it."""
        try:
            return cls.model_validate_json(vault.open(sealed).get_secret_value())
        except (ConfigurationError, ValidationError):
            raise SourceUnreadableError(ReadFailure.KEYS) from None


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading that succeeded. `report` is None if nothing changed.

    `names` has the names on the lines of the report, since nobody sees the file; they are not stored.
    """

    report: ImportReport | None
    file: ImportFile
    unfinished: bool = False
    names: Mapping[int, str] = field(default_factory=dict)


def subscribe(
    database: Database, vault: Vault, *, account_id: int, source: Source, kind: SourceKind, book: AddressBook
) -> int:
    """Save a subscription to an address book or a calendar, due now, and return its id."""
    found = source.model_copy(update={"url": SecretStr(book.address.url)})
    with database.transaction() as session:
        return subscriptions.save_subscription(
            session,
            account_id=account_id,
            kind=kind,
            title=book.title,
            origin=book.address.origin,
            address_hash=digest(book.address.url),
            sealed=found.seal(vault),
        )


def read_subscription(
    database: Database,
    vault: Vault,
    subscription_id: int,
    *,
    by: str,
    within_s: float,
    requested: bool = False,
    resolve: Resolver = resolve_host,
) -> Reading | None:
    """Read what changed in a subscription and import it; None if another process reads it.

    With `requested` it is read only if a request waits, so a message that came twice reads once. A failure is
    recorded, and SourceUnreadableError raised, or RequestRefusedError if it can't be imported now. Everything
    is imported and recorded in one transaction.
    """
    with database.transaction() as session:
        claim = subscriptions.claim_reading(session, subscription_id, requested=requested)
    if claim is None:
        return None
    try:
        with _fetched_file(claim, vault, within_s, resolve) as (file, changes):
            reading = _record(database, claim, file, changes, by)
    except SourceUnreadableError as error:
        metrics.SUBSCRIPTION_READINGS.labels(error.failure).inc()
        with database.transaction() as session:
            subscriptions.record_failure(session, claim, error.failure)
        raise
    except RequestRefusedError:  # such as while a worker acts for somebody whom it names
        with database.transaction() as session:
            subscriptions.record_failure(session, claim, ReadFailure.INTERRUPTED)
        raise
    if reading is not None:
        metrics.SUBSCRIPTION_READINGS.labels("read" if reading.report else "unchanged").inc()
    return reading


class SourceFile:
    """The file into which changed entries are written, and the line at which each begins."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._next_line = 1
        self._starts: list[int] = []
        self._keys: list[bytes | None] = []
        self.versions: dict[bytes, bytes] = {}

    def add(self, key: bytes | None, version: bytes, text: str) -> None:
        """Write an entry, or lines that belong to none. Of photographs, only the beginning is written."""
        lines = list(_shorten_pictures(_LINE_END.split(text.rstrip("\r\n"))))
        self._file.write("\n".join(lines) + "\n")
        self._starts.append(self._next_line)
        self._keys.append(key)
        self._next_line += len(lines)
        if key is not None:
            self.versions[key] = version

    def key_of(self, line: int) -> bytes | None:
        """Return the key of the entry that this line belongs to."""
        return self._keys[bisect_right(self._starts, line) - 1] if self._starts else None


def _shorten_pictures(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines of an entry; of a photograph, only the beginning, by which it is counted."""
    is_picture = False
    for line in lines:
        if line[:1] not in {" ", "\t"}:
            is_picture = _PICTURE.match(line) is not None
        elif is_picture:
            continue
        yield line[:_PICTURE_CHARS] if is_picture else line


@dataclass(frozen=True, slots=True)
class _Fetched:
    path: Path
    written: SourceFile


@contextmanager
def _fetched_file(
    claim: ReadingClaim, vault: Vault, within_s: float, resolve: Resolver
) -> Iterator[tuple[_Fetched, SourceChanges | None]]:
    """Fetch what changed into a file that only this user can read, and that is deleted at the end."""
    known = KnownSource(claim.tag, claim.modified, claim.versions, claim.old)
    read = read_cards if claim.kind is SourceKind.CARDDAV else read_events
    with tempfile.TemporaryDirectory(prefix="rapport-source-") as folder:
        path = Path(folder) / "entries"
        with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
            written = SourceFile(file)
            with _open_source(claim, vault, within_s, resolve) as fetcher:
                changes = read(fetcher, known, written.add)
        yield _Fetched(path, written), changes


def _open_source(claim: ReadingClaim, vault: Vault, within_s: float, resolve: Resolver) -> Fetcher:
    try:
        return Source.unseal(claim.sealed, vault).open(within_s=within_s, resolve=resolve)
    except RequestRefusedError as error:
        raise SourceUnreadableError(ReadFailure.ADDRESS_REFUSED, str(error)) from None


def _record(
    database: Database, claim: ReadingClaim, fetched: _Fetched, changes: SourceChanges | None, by: str
) -> Reading | None:
    """Import what was fetched and record the reading, in one transaction; None if the lease was lost."""
    written = fetched.written
    file = ImportFile(
        fetched.path,
        _FORMATS[claim.kind],
        "utf-8",
        fetched.path.stat().st_size,
        title=f"{claim.title or _NAMES[claim.kind]} at {claim.origin}",
    )
    with database.transaction() as session:
        import_lock.lock_for_import(session, claim.account.id)  # before the row, as undoing an import does
        if not subscriptions.hold_claim(session, claim):
            return None
        tag, modified, unfinished = claim.tag, claim.modified, False
        report: ImportReport | None = None
        names: Mapping[int, str] = {}
        if changes is not None:
            tag, modified, unfinished = changes.tag, changes.modified, changes.unfinished
            gone = subscriptions.drop_entries(session, claim.id, changes.gone)
            if written.versions or gone:
                report = import_file(
                    session,
                    claim.account,
                    file,
                    by=by,
                    today=today_in(session, claim.account.zone),
                    progress=lambda _: None,
                    subscription_id=claim.id,
                    gone=gone,
                )
                names = subscriptions.list_names(session, report.lines)
                matches = subscriptions.list_matches(session, claim.account.id)
                contacts = {written.key_of(line): contact_id for line, contact_id in matches.items()}
                subscriptions.save_entries(
                    session,
                    claim.id,
                    (ReadEntry(key, version, contacts.get(key)) for key, version in written.versions.items()),
                )
        subscriptions.record_success(session, claim, tag=tag, modified=modified, unfinished=unfinished)
    return Reading(report, file, unfinished, names)
