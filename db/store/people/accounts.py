"""Accounts: the logins that act, each on one site."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Date, case, cast, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import Account, Contact
from worker.errors import Reason
from worker.rules.model import AccountStatus
from worker.rules.texts.suggestions import suggest_names


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One login on one site.

    `session` is the encrypted storage state, None before the first sign-in. `signed_in_since` is when it was
    proven, `session_expires_at` when its key cookie expires; None if that isn't known. `keep_days` is the
    retention of profiles, and of people who are not connections, in days since they were last seen; None: no
    limit.
    `signature` ends each greeting; "" if there is none.
    """

    id: int
    name: str
    site: str
    zone: ZoneInfo
    status: AccountStatus
    stop_reason: Reason | None
    session: bytes | None
    keep_days: int | None
    signature: str = ""
    signed_in_since: datetime | None = None
    session_expires_at: datetime | None = None


def _record(row: Account) -> AccountRecord:
    return AccountRecord(
        id=row.id,
        name=row.name,
        site=row.site,
        zone=ZoneInfo(row.time_zone),
        status=AccountStatus(row.status),
        stop_reason=Reason(row.stop_reason) if row.stop_reason else None,
        session=row.session,
        keep_days=row.keep_days,
        signature=row.signature,
        signed_in_since=row.session_proven_at,
        session_expires_at=row.session_expires_at,
    )


def removed_name(name: str, site: str) -> str:
    """Return the name of an account's row while it is removed. No account can be called so."""
    return f"removed:{site}:{name}"


def add_account(session: Session, *, name: str, site: str, zone: ZoneInfo) -> AccountRecord:
    """Add an account and return it. If the name exists, set that account's zone to `zone` instead.

    An account of this name and site that was removed comes back, without its data: its quota and audit trail
    continue, and whom it greeted or must not contact is still known.
    """
    session.execute(
        update(Account)
        .where(Account.name == removed_name(name, site))
        .values(name=name, removed_at=None, status=AccountStatus.ACTIVE, stop_reason=None, warm_up_on=None)
    )
    statement = insert(Account).values(name=name, site=site, time_zone=zone.key)
    row = session.scalars(
        statement.on_conflict_do_update(index_elements=["name"], set_={"time_zone": zone.key}).returning(
            Account
        )
    ).one()
    return _record(row)


def find_account(session: Session, name: str, *, lock: bool = False) -> AccountRecord | None:
    """Return the account called `name`, or None. Removed accounts are not found.

    With `lock`, it isn't changed by others before this transaction ends.
    """
    query = select(Account).where(Account.name == name, Account.removed_at.is_(None))
    if lock:  # rows that refer to it may be added meanwhile
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    row = session.scalar(query)
    return _record(row) if row else None


def suggest_accounts(session: Session, name: str) -> Sequence[str]:
    """Return the names of accounts most like `name`, best first; at most three."""
    known = select(Account.name).where(Account.removed_at.is_(None)).order_by(Account.name)
    return suggest_names(name, session.scalars(known))


def list_contact_sites(session: Session) -> Sequence[str]:
    """Return the sites of accounts that know somebody, ordered by name."""
    someone = exists().where(Contact.account_id == Account.id, Contact.forgotten_at.is_(None))
    known = select(Account.site).where(Account.removed_at.is_(None), someone)
    return session.scalars(known.distinct().order_by(Account.site)).all()


def get_account(session: Session, account_id: int) -> AccountRecord:
    """Return the account. Raises NoResultFound if there is none."""
    return _record(session.scalars(select(Account).where(Account.id == account_id)).one())


def save_session(
    session: Session, account_id: int, sealed: bytes, *, expires_at: datetime | None = None
) -> None:
    """Store a new sign-in, proven now, and reactivate an account that its site had stopped.

    `expires_at` is when its key cookie expires, None if that isn't known. An account that a person
    paused stays paused. After a challenge the warm-up of the quota starts again.
    """
    session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(session=sealed, session_proven_at=func.now(), session_expires_at=expires_at)
    )
    challenged = Account.stop_reason == Reason.CHALLENGE
    today = cast(func.timezone(Account.time_zone, func.now()), Date)
    session.execute(
        update(Account)
        .where(Account.id == account_id, Account.status == AccountStatus.STOPPED)
        .values(
            status=AccountStatus.ACTIVE,
            stop_reason=None,
            warm_up_on=case((challenged, today), else_=Account.warm_up_on),
        )
    )


def replace_session(session: Session, account_id: int, before: bytes, sealed: bytes) -> bool:
    """Replace the stored session `before` by `sealed`. Return False if another session is stored by now."""
    replaced = session.execute(
        update(Account)
        .where(Account.id == account_id, Account.session == before)
        .values(session=sealed)
        .returning(Account.id)
    )
    return replaced.first() is not None


def stop_account(session: Session, account_id: int, reason: Reason) -> bool:
    """Stop the account until a person clears the reason. Return False if it was stopped for it already."""
    is_new = or_(Account.status != AccountStatus.STOPPED, Account.stop_reason.is_distinct_from(reason))
    stopped = session.execute(
        update(Account)
        .where(Account.id == account_id, is_new)
        .values(status=AccountStatus.STOPPED, stop_reason=reason)
        .returning(Account.id)
    )
    return stopped.first() is not None


def list_accounts(session: Session, *, after: str = "", limit: int | None = None) -> list[AccountRecord]:
    """Return accounts that were not removed, ordered by name: those after a name, or all."""
    known = select(Account).where(Account.removed_at.is_(None), Account.name > after)
    known = known.order_by(Account.name).limit(limit)
    return [_record(row) for row in session.scalars(known)]


def set_keep_days(session: Session, account_id: int, days: int | None) -> None:
    """Set AccountRecord.keep_days; None removes the limit."""
    session.execute(update(Account).where(Account.id == account_id).values(keep_days=days))


def set_signature(session: Session, account_id: int, signature: str) -> None:
    """Set AccountRecord.signature; "" removes it. Planned greetings keep their text."""
    session.execute(update(Account).where(Account.id == account_id).values(signature=signature))
