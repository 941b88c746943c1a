"""Write events of conditions that no transaction sees: what expires, is late or fades, and each day."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.engine import get_database_time
from db.store import mark_matches
from db.store.notices.outbox import record_event
from db.store.people.accounts import AccountRecord
from db.store.upkeep import UpkeepState
from db.tables import OutboxEvent
from worker.rules.model import AccountStatus
from worker.rules.notices.kinds import NoticeKind
from worker.rules.sites.mark_trends import COMPARED_WITH
from worker.rules.sites.sign_ins import find_warning

_LONGEST_MARK: Final = 60


def record_expiring_sessions(session: Session, accounts: Sequence[AccountRecord], now: datetime) -> None:
    """Write an event a week and a day before each sign-in expires. A stopped account was told already."""
    for account in accounts:
        expires_at = account.session_expires_at
        if account.session is None or expires_at is None or account.status is AccountStatus.STOPPED:
            continue
        if (warning := find_warning(expires_at, now)) is None:
            continue
        record_event(
            session,
            NoticeKind.SESSION_EXPIRING,
            key=f"{account.id}:{expires_at.isoformat()}:{warning.days}",
            account_id=account.id,
            payload={
                "account": account.name,
                "expires_at": expires_at.isoformat(),
                "expired": expires_at <= now,
                "zone": account.zone.key,
            },
        )


def record_late_upkeep(session: Session, late: Collection[UpkeepState]) -> None:
    """Write an event for each late job, once until it succeeds again."""
    for job in late:
        record_event(
            session,
            NoticeKind.UPKEEP_LATE,
            key=f"{job.job}:{job.late_at.isoformat()}",
            payload={
                "job": job.job,
                "last_ok_at": job.last_ok_at.isoformat() if job.last_ok_at else None,
                "failures": job.failures,
                "error": job.error,
            },
        )


def record_fading_marks(session: Session, sites: Collection[str]) -> None:
    """Write an event for each mark of these sites that is found less than it was, once in four weeks."""
    now = get_database_time(session)
    for fallen in mark_matches.list_fallen(session, sites):
        name = f"{fallen.site}:{fallen.mark[:_LONGEST_MARK]}:{fallen.trend}:"
        if not _was_told(session, NoticeKind.SITE_CHANGED, name, since=now - COMPARED_WITH):
            record_event(
                session,
                NoticeKind.SITE_CHANGED,
                key=f"{name}{now.date()}",
                payload={"site": fallen.site, "mark": fallen.mark, "trend": fallen.trend},
            )


def record_digest(session: Session, kind: NoticeKind, account: AccountRecord, on: date) -> None:
    """Write the event of an account's digest or summary of a day, once. Its text is made when it is sent."""
    record_event(
        session,
        kind,
        key=f"{account.id}:{on}",
        account_id=account.id,
        payload={"account": account.name, "on": on.isoformat()},
    )


def _was_told(session: Session, kind: NoticeKind, prefix: str, *, since: datetime) -> bool:
    told = select(OutboxEvent.id).where(
        OutboxEvent.kind == kind, OutboxEvent.key.startswith(prefix, autoescape=True), OutboxEvent.at > since
    )
    return session.scalar(told.limit(1)) is not None
