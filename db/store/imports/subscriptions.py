"""Subscriptions: address books and calendars that are read again each night.

A reading is claimed with a lease and counts as interrupted until it ends: if its process dies, it is tried
again in a later night, and no message or process has to be found again.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.engine import get_database_time
from db.store.people.accounts import AccountRecord, get_account
from db.tables import Account, Contact, Import, Subscription, SubscriptionEntry
from worker.errors import RequestRefusedError
from worker.rules.subscriptions.readings import (
    CONTINUE_AFTER,
    READ_AGAIN_AFTER,
    ReadFailure,
    SourceKind,
    next_reading,
)

LEASE: Final = timedelta(minutes=15)
"""Longer than any reading takes with its merge; afterwards its process counts as dead."""
_REQUEST_AGAIN_AFTER: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SubscriptionRecord:
    """One subscription for display: without its path, which may be a secret, and its password.

    `next_at` is None if it is not read until a person says so. `failure` is that of the last reading.
    """

    id: int
    account: str
    zone: ZoneInfo
    kind: SourceKind
    title: str
    origin: str
    entries: int
    read_at: datetime | None
    next_at: datetime | None
    failure: ReadFailure | None
    failed_at: datetime | None
    reading: bool

    @property
    def name(self) -> str:
        """What a person knows it by."""
        return f"{self.title} ({self.origin})" if self.title else self.origin


@dataclass(frozen=True, slots=True)
class ReadingClaim:
    """The right to read a subscription until its lease ends, and what was read before.

    `versions` has the version of each entry by key; `old` are those that are to be read again anyway.
    """

    id: int
    lease_id: UUID
    account: AccountRecord
    kind: SourceKind
    title: str
    origin: str
    sealed: bytes
    tag: str | None
    modified: str | None
    versions: Mapping[bytes, bytes]
    old: Collection[bytes]


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """An entry that was read: its key, its version, and the contact that it is about, if there is one."""

    key: bytes
    version: bytes
    contact_id: int | None


def save_subscription(
    session: Session,
    *,
    account_id: int,
    kind: SourceKind,
    title: str,
    origin: str,
    address_hash: bytes,
    sealed: bytes,
) -> int:
    """Save a subscription, due now, and return its id. For the same address only the credentials change."""
    values = {
        "kind": kind, "title": title, "origin": origin, "sealed": sealed,
        "next_at": func.now(), "failure": None, "failed_at": None, "failures": 0,
    }  # fmt: skip
    statement = insert(Subscription).values(account_id=account_id, address_hash=address_hash, **values)
    return session.scalars(
        statement.on_conflict_do_update(index_elements=["account_id", "address_hash"], set_=values).returning(
            Subscription.id
        )
    ).one()


def list_subscriptions(session: Session, *, account: str | None = None) -> Sequence[SubscriptionRecord]:
    """Return all subscriptions, ordered by account and id."""
    entries = (
        select(func.count())
        .where(SubscriptionEntry.subscription_id == Subscription.id)
        .correlate(Subscription)
        .scalar_subquery()
    )
    statement = (
        select(Subscription, Account, entries, func.now())
        .join(Account, Account.id == Subscription.account_id)
        .order_by(Account.name, Subscription.id)
    )
    if account is not None:
        statement = statement.where(Account.name == account)
    return [
        SubscriptionRecord(
            id=row.id,
            account=owner.name,
            zone=ZoneInfo(owner.time_zone),
            kind=SourceKind(row.kind),
            title=row.title,
            origin=row.origin,
            entries=count,
            read_at=row.read_at,
            next_at=row.next_at,
            failure=ReadFailure(row.failure) if row.failure else None,
            failed_at=row.failed_at,
            reading=row.lease_until is not None and row.lease_until > now,
        )
        for row, owner, count, now in session.execute(statement)
    ]


def list_failing(session: Session, *, account: str | None = None) -> Sequence[SubscriptionRecord]:
    """Return the subscriptions whose last reading failed, and those that wait for a person."""
    return [
        each
        for each in list_subscriptions(session, account=account)
        if each.failure is not None and not each.reading
    ]


def get_subscription(session: Session, subscription_id: int) -> SubscriptionRecord:
    """Return a subscription. Raises RequestRefusedError if there is none."""
    for each in list_subscriptions(session):
        if each.id == subscription_id:
            return each
    raise RequestRefusedError(
        f"there is no subscription {subscription_id}; `rapport import subscriptions` shows them"
    )


def remove_subscription(session: Session, subscription_id: int) -> None:
    """Delete a subscription with its credentials. Its contacts and imports stay."""
    session.execute(delete(Subscription).where(Subscription.id == subscription_id))


def request_reading(session: Session, subscription_id: int) -> None:
    """Let a subscription be read soon, also one that is paused. The next tick publishes the request.

    Raises RequestRefusedError if there is none, or if it is being read now.
    """
    if get_subscription(session, subscription_id).reading:
        raise RequestRefusedError("it is being read right now")
    session.execute(
        update(Subscription)
        .where(Subscription.id == subscription_id)
        .values(next_at=func.now(), requested_at=None)
    )


def take_due(session: Session) -> Sequence[int]:
    """Return the ids of the subscriptions to request now, and note that. A lost request is repeated."""
    due = (
        select(Subscription.id)
        .where(
            Subscription.next_at <= func.now(),
            or_(
                Subscription.requested_at.is_(None),
                Subscription.requested_at < func.now() - _REQUEST_AGAIN_AFTER,
            ),
            or_(Subscription.lease_until.is_(None), Subscription.lease_until < func.now()),
        )
        .order_by(Subscription.next_at)
        .with_for_update(skip_locked=True)
    )
    ids = session.scalars(due).all()
    session.execute(update(Subscription).where(Subscription.id.in_(ids)).values(requested_at=func.now()))
    return ids


def claim_reading(session: Session, subscription_id: int, *, requested: bool) -> ReadingClaim | None:
    """Claim the reading of a subscription; None if another process reads it, or it was removed.

    With `requested`, None also if no request waits, because this message came twice.
    """
    row = session.scalar(select(Subscription).where(Subscription.id == subscription_id).with_for_update())
    now = get_database_time(session)
    if row is None or (row.lease_until is not None and row.lease_until > now):
        return None
    if requested and row.requested_at is None:
        return None
    account = get_account(session, row.account_id)
    row.requested_at = None
    row.lease_id, row.lease_until = uuid4(), now + LEASE
    _fail(row, ReadFailure.INTERRUPTED, account, now)
    entries = session.execute(
        select(SubscriptionEntry.key, SubscriptionEntry.version, SubscriptionEntry.read_at).where(
            SubscriptionEntry.subscription_id == row.id
        )
    ).all()
    session.flush()
    return ReadingClaim(
        id=row.id,
        lease_id=row.lease_id,
        account=account,
        kind=SourceKind(row.kind),
        title=row.title,
        origin=row.origin,
        sealed=row.sealed,
        tag=row.tag,
        modified=row.modified,
        versions={bytes(key): bytes(version) for key, version, _ in entries},
        old=frozenset(bytes(key) for key, _, read_at in entries if now - read_at > READ_AGAIN_AFTER),
    )


def record_failure(session: Session, claim: ReadingClaim, failure: ReadFailure) -> None:
    """End a reading that failed: what was read before stays, and a later night tries again."""
    row = _lock_claimed(session, claim)
    if row is None:
        return
    row.failures -= 1  # claiming counted it
    _fail(row, failure, claim.account, get_database_time(session))
    row.lease_id = row.lease_until = None


def hold_claim(session: Session, claim: ReadingClaim) -> bool:
    """Lock the subscription until the transaction ends; return False if this reading lost its lease."""
    return _lock_claimed(session, claim) is not None


def record_success(
    session: Session, claim: ReadingClaim, *, tag: str | None, modified: str | None, unfinished: bool
) -> None:
    """End a reading that succeeded. An unfinished one goes on in some minutes."""
    row = _lock_claimed(session, claim)
    if row is None:
        return
    now = get_database_time(session)
    row.tag, row.modified, row.read_at = tag, modified, now
    row.failure = row.failed_at = row.lease_id = row.lease_until = None
    row.failures = 0
    row.next_at = now + CONTINUE_AFTER if unfinished else next_reading(row.id, claim.account.zone, now)


def save_entries(session: Session, subscription_id: int, entries: Iterable[ReadEntry]) -> None:
    """Store what was read of each entry, replacing what was read of it before."""
    rows = [
        {
            "subscription_id": subscription_id, "key": each.key, "version": each.version,
            "contact_id": each.contact_id, "read_at": func.now(),
        }
        for each in entries
    ]  # fmt: skip
    for start in range(0, len(rows), 1_000):
        statement = insert(SubscriptionEntry).values(rows[start : start + 1_000])
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["subscription_id", "key"],
                set_={name: statement.excluded[name] for name in ("version", "contact_id", "read_at")},
            )
        )


def drop_entries(session: Session, subscription_id: int, keys: Collection[bytes]) -> Sequence[str]:
    """Delete the entries that the source no longer has; return the names of their contacts, who stay."""
    gone = SubscriptionEntry.subscription_id == subscription_id
    gone &= SubscriptionEntry.key == func.any(list(keys))
    names = session.scalars(
        select(Contact.full_name)
        .join(SubscriptionEntry, SubscriptionEntry.contact_id == Contact.id)
        .where(gone, Contact.forgotten_at.is_(None))
        .distinct()
        .order_by(Contact.full_name)
    ).all()
    session.execute(delete(SubscriptionEntry).where(gone))
    return names


def list_matches(session: Session, account_id: int) -> Mapping[int, int]:
    """Return the contact's id of each line of the import that is running in this transaction."""
    rows = session.execute(
        text(
            "select r.line, c.id from import_rows r "
            "join contacts c on c.account_id = :account_id and r.address in (c.profile_url, c.member_url)"
        ),
        {"account_id": account_id},
    )
    return {row.line: row.id for row in rows}


def list_names(session: Session, lines: Collection[int]) -> Mapping[int, str]:
    """Return the names on these lines of the import that is running in this transaction."""
    named = text("select line, full_name from import_rows where line = any (:lines)")
    return {row.line: row.full_name for row in session.execute(named, {"lines": list(lines)})}


def pause_after_undo(session: Session, import_id: int) -> int | None:
    """Pause the subscription that an import read, which would bring the same again; return its id.

    The next reading, which a person has to start, reads everything.
    """
    subscription_id = session.scalar(select(Import.subscription_id).where(Import.id == import_id))
    if subscription_id is None:
        return None
    session.execute(delete(SubscriptionEntry).where(SubscriptionEntry.subscription_id == subscription_id))
    session.execute(
        update(Subscription)
        .where(Subscription.id == subscription_id)
        .values(
            next_at=None, requested_at=None, tag=None, modified=None, lease_id=None, lease_until=None,
            failure=ReadFailure.UNDONE, failed_at=func.now(), failures=0,
        )
    )  # fmt: skip
    return subscription_id


def list_sealed(session: Session) -> Sequence[tuple[int, bytes]]:
    """Return the id and the encrypted address of each subscription."""
    found = select(Subscription.id, Subscription.sealed).order_by(Subscription.id)
    return [(row.id, row.sealed) for row in session.execute(found)]


def reseal(session: Session, encrypt: Callable[[bytes], bytes], *, without: Collection[int]) -> int:
    """Replace the encrypted address of each subscription but these; return how many there are."""
    rows = session.scalars(
        select(Subscription)
        .where(Subscription.id.not_in(without))
        .order_by(Subscription.id)
        .with_for_update()
    ).all()
    for row in rows:
        row.sealed = encrypt(row.sealed)
    return len(rows)


def _lock_claimed(session: Session, claim: ReadingClaim) -> Subscription | None:
    return session.scalar(
        select(Subscription)
        .where(Subscription.id == claim.id, Subscription.lease_id == claim.lease_id)
        .with_for_update()
    )


def _fail(row: Subscription, failure: ReadFailure, account: AccountRecord, now: datetime) -> None:
    row.failure, row.failed_at = failure, now
    row.failures += 1
    row.next_at = next_reading(row.id, account.zone, now, failures=row.failures)
