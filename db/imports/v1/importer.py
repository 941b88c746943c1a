"""Imports a parsed V1 file into an account, in the caller's transaction."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy.orm import Session

from db.imports.v1.forgotten import refuse_forgotten
from db.imports.v1.people import HeldContact, HeldContacts, merge_person
from db.imports.v1.records import (
    BlockedPerson,
    Greeting,
    ParsedFile,
    ParsedRow,
    Person,
    PersonRef,
    RefusedRow,
    Visit,
)
from db.imports.v1.report import Outcome, TableCounts, V1Report
from db.imports.v1.rows import NO_DATE
from db.imports.v1.writers import ExclusionWriter, InteractionWriter
from db.store.imports import runs
from db.store.people.accounts import AccountRecord
from db.store.quota import epochs
from worker.rules.dates.birthdays import birthday_occasion
from worker.rules.model import ContactStatus, ImportSource, Kind
from worker.rules.quota.gates import WEEK

T = TypeVar("T")

_GREETING_WINDOW: Final = timedelta(days=10)
"""V1 greeted for birthdays up to this long ago."""


def import_v1_file(
    session: Session, account: AccountRecord, parsed: ParsedFile, *, by: str, now: datetime
) -> V1Report:
    """Import everything that can be used, and return the report. Importing twice adds nothing.

    The quota's counters are rebuilt if interactions are added. For a dry run, and if the report has nothing
    imported, the caller rolls back.
    """
    import_id = runs.begin_import(
        session, account_id=account.id, source=ImportSource.V1, file_name=parsed.file, by=by
    )
    parsed = refuse_forgotten(session, account.site, parsed)
    v1_import = _V1Import(session, account, parsed, import_id, now)
    report = V1Report(import_id, v1_import.count_tables(), parsed.other_tables, v1_import.uncounted)
    if v1_import.write():
        epochs.reset_breakers(session, account.id, ())
    runs.finish_import(session, import_id, report.as_json())
    return report


class _V1Import:
    """One import: `count_tables` decides the outcome of each row, then `write` writes all changes."""

    def __init__(
        self, session: Session, account: AccountRecord, parsed: ParsedFile, import_id: int, now: datetime
    ) -> None:
        self._session = session
        self._account = account
        self._parsed = parsed
        self._import_id = import_id
        self._now = now
        self._people = HeldContacts(session, account.id, import_id)
        self._people.lock(list(_list_persons(parsed)), set(_list_named(parsed)))
        self._interactions = InteractionWriter(session, account.id, import_id, set(_list_source_keys(parsed)))
        self._exclusions = ExclusionWriter(session, account.id, import_id)
        self.uncounted = 0

    def count_tables(self) -> Sequence[TableCounts]:
        """Decide the outcome of each row, table by table."""
        parsed = self._parsed
        counts = [
            self._add_persons("contacts", parsed.contacts),
            self._add_persons("scraped_profiles", parsed.scraped_profiles),
            self._add_greetings(parsed.birthday_messages),
            self._add_visits(parsed.profile_visits),
            self._add_blacklist(parsed.blacklist),
        ]
        self._set_last_greetings()
        return counts

    def write(self) -> int:
        """Write everything; return the number of new interactions."""
        self._people.write()
        self._exclusions.write()
        return self._interactions.write()

    def _new_counts(self, table: str) -> TableCounts:
        return TableCounts(table, is_present=table in self._parsed.tables)

    def _add_persons(self, table: str, rows: Sequence[ParsedRow[Person]]) -> TableCounts:
        counts = self._new_counts(table)
        for number, person in _usable_rows(rows, counts):
            held = self._people.by_address[person.address]
            outcome = Outcome.SAME if merge_person(held.before, person) == held.before else Outcome.CHANGED
            counts.note(number, Outcome.NEW if held.new else outcome)
        return counts

    def _add_greetings(self, rows: Sequence[ParsedRow[Greeting]]) -> TableCounts:
        counts = self._new_counts("birthday_messages")
        for number, greeting in _usable_rows(rows, counts):
            held = self._people.find(greeting.person)
            if greeting.sent_at is None or greeting.on is None:
                new, why = self._exclude_undated(greeting.person)
            else:
                new, why = self._add_greeting(held, greeting, at=greeting.sent_at, on=greeting.on)
            counts.note(number, Outcome.NEW if new else Outcome.SAME, why)
        return counts

    def _add_greeting(
        self, held: HeldContact | None, greeting: Greeting, *, at: datetime, on: date
    ) -> tuple[bool, str]:
        """Add a greeting; return whether it is new, and a note if it was stored in another form.

        A name without an address is ambiguous, so everybody of that name, now or later, counts as greeted
        for that birthday.
        """
        by_name, name = greeting.person.address is None, greeting.person.name or ""
        note = f"greeted by V1 for {on}"
        excluded = by_name and self._exclusions.add(
            None, self._people.get_name_key(name), birthday_occasion(on), note
        )
        if held is None:
            self.uncounted += excluded and at > self._now - WEEK
            return (
                excluded,
                "no contact or several contacts have that name: it counts as greeted for that birthday",
            )
        is_new = self._interactions.add(
            held,
            Kind.GREET,
            greeting.key,
            at=at,
            occasion=birthday_occasion(on),
            message=greeting.message,
            replied_at=greeting.replied_at,
        )
        if is_new:
            held.set_greeted_on(at.astimezone(self._account.zone).date())
        return is_new, ""

    def _exclude_undated(self, person: PersonRef) -> tuple[bool, str]:
        """Exclude the person from the recent birthdays that an undated greeting may have been for."""
        today = self._now.astimezone(self._account.zone).date()
        key = None if person.address else self._people.get_name_key(person.name or "")
        new = [
            self._exclusions.add(person.address, key, each, "greeted by V1; the date can't be read")
            for each in sorted({birthday_occasion(today), birthday_occasion(today - _GREETING_WINDOW)})
        ]
        return any(new), f"{NO_DATE}: the person counts as greeted in {today.year}"

    def _set_last_greetings(self) -> None:
        """Set the last greeting from V1's contacts, which have it even if the message is missing."""
        for _, person in _usable_rows(self._parsed.contacts):
            held = self._people.by_address[person.address]
            if person.last_written is not None:
                held.set_greeted_on(person.last_written)

    def _add_visits(self, rows: Sequence[ParsedRow[Visit]]) -> TableCounts:
        counts = self._new_counts("profile_visits")
        for number, visit in _usable_rows(rows, counts):
            held = self._people.find(visit.person)
            if held is None:
                counts.note(
                    number,
                    Outcome.REFUSED,
                    "it has no address, and no contact or several contacts have its name",
                )
                continue
            year, week, _ = visit.visited_at.astimezone(self._account.zone).isocalendar()
            new = self._interactions.add(
                held, Kind.VISIT, visit.key, at=visit.visited_at, occasion=f"visit:{year}-W{week:02}"
            )
            counts.note(number, Outcome.NEW if new else Outcome.SAME)
        return counts

    def _add_blacklist(self, rows: Sequence[ParsedRow[BlockedPerson]]) -> TableCounts:
        counts = self._new_counts("blacklist")
        for number, blocked in _usable_rows(rows, counts):
            person = blocked.person
            if person.address is not None:
                found = self._people.find(person)
                people: Sequence[HeldContact] = [found] if found else []
                new = self._exclusions.add(person.address, None, None, blocked.note)
                why = ""
            else:
                people = self._people.list_named(person.name)
                new = self._exclusions.add(
                    None, self._people.get_name_key(person.name or ""), None, blocked.note
                )
                why = "no address: everybody with that name becomes do-not-contact"
            marked = [held.set_do_not_contact() for held in people]
            outcome = Outcome.CHANGED if any(marked) else Outcome.SAME
            counts.note(number, Outcome.NEW if new else outcome, why)
        return counts


def _usable_rows(rows: Sequence[ParsedRow[T]], counts: TableCounts | None = None) -> Iterator[tuple[int, T]]:
    """Yield number and record of the usable rows; count the others as refused."""
    for row in rows:
        if not isinstance(row.record, RefusedRow):
            yield row.number, row.record
        elif counts is not None:
            counts.note(row.number, Outcome.REFUSED, row.record.why)


def _list_persons(parsed: ParsedFile) -> Iterator[Person]:
    """Yield everybody with an address: V1's contacts, then scraped profiles, then visits."""
    for table in (parsed.contacts, parsed.scraped_profiles):
        for _, person in _usable_rows(table):
            yield person
    for _, visit in _usable_rows(parsed.profile_visits):
        if visit.person.address is not None:
            name = visit.person.name or ""
            yield Person(visit.person.address, name, ContactStatus.PROSPECT, None, {}, None)


def _list_named(parsed: ParsedFile) -> Iterator[PersonRef]:
    """Yield everybody to whom a greeting, a visit or a blacklist row refers."""
    for _, greeting in _usable_rows(parsed.birthday_messages):
        yield greeting.person
    for _, visit in _usable_rows(parsed.profile_visits):
        yield visit.person
    for _, blocked in _usable_rows(parsed.blacklist):
        yield blocked.person


def _list_source_keys(parsed: ParsedFile) -> Iterator[str]:
    for _, greeting in _usable_rows(parsed.birthday_messages):
        yield greeting.key
    for _, visit in _usable_rows(parsed.profile_visits):
        yield visit.key
