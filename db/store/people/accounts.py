"""Accounts: who acts, and on which site."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Date, case, cast, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import Account
from worker.errors import Reason
from worker.rules.model import AccountStatus


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One login on one site. `session` is the sealed storage state, or None before the first sign-in.

    `keep_days` is how long people who are no connections, and profiles, are kept unseen; None: for ever.
    """

    id: int
    name: str
    site: str
    zone: ZoneInfo
    status: AccountStatus
    stop_reason: Reason | None
    session: bytes | None
    keep_days: int | None


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
    )


def add_account(session: Session, *, name: str, site: str, zone: ZoneInfo) -> AccountRecord:
    """Add an account, or return the one of that name; its zone then becomes `zone`."""
    statement = insert(Account).values(name=name, site=site, time_zone=zone.key)
    row = session.scalars(
        statement.on_conflict_do_update(index_elements=["name"], set_={"time_zone": zone.key}).returning(
            Account
        )
    ).one()
    return _record(row)


def find_account(session: Session, name: str) -> AccountRecord | None:
    """Return the account called `name`, or None."""
    row = session.scalar(select(Account).where(Account.name == name))
    return _record(row) if row else None


def get_account(session: Session, account_id: int) -> AccountRecord:
    """Return the account. Raises NoResultFound if there is none."""
    return _record(session.scalars(select(Account).where(Account.id == account_id)).one())


def save_session(session: Session, account_id: int, sealed: bytes) -> None:
    """Store a fresh sign-in. What its site had stopped may act again; what a person paused stays paused.

    An account that was challenged warms up again (design §4).
    """
    session.execute(update(Account).where(Account.id == account_id).values(session=sealed))
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
    """Store `sealed` in the place of `before`. False: another sign-in is stored by now, and stays."""
    replaced = session.execute(
        update(Account)
        .where(Account.id == account_id, Account.session == before)
        .values(session=sealed)
        .returning(Account.id)
    )
    return replaced.first() is not None


def stop_account(session: Session, account_id: int, reason: Reason) -> None:
    """Let the account do nothing more until a person has looked (promise 5)."""
    session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(status=AccountStatus.STOPPED, stop_reason=reason)
    )


def list_accounts(session: Session) -> list[AccountRecord]:
    """Return all accounts by name."""
    return [_record(row) for row in session.scalars(select(Account).order_by(Account.name))]


def set_keep_days(session: Session, account_id: int, days: int | None) -> None:
    """Say for how many days people who are no connections, and profiles, are kept unseen; None: for ever."""
    session.execute(update(Account).where(Account.id == account_id).values(keep_days=days))
