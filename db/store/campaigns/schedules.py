"""Schedules: campaigns that start by a cron rule. Each instant fires once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import Account, Schedule, ScheduleFire
from worker.rules.dates.schedule_times import next_fire
from worker.rules.model import CampaignKind


@dataclass(frozen=True, slots=True)
class DueSchedule:
    """A schedule that is due. `fire_at` is the planned instant (aware), `now` is Postgres' clock."""

    id: int
    account: str
    zone: ZoneInfo
    kind: CampaignKind
    cron: str
    options: dict[str, Any]
    fire_at: datetime
    now: datetime


def save_schedule(
    session: Session,
    *,
    account_id: int,
    kind: CampaignKind,
    cron: str,
    options: dict[str, Any],
    next_fire_at: datetime,
) -> None:
    """Save the account's schedule for one kind of campaign, replacing an earlier one; enables it."""
    values = {"cron": cron, "options": options, "next_fire_at": next_fire_at, "enabled": True}
    statement = insert(Schedule).values(account_id=account_id, kind=kind, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id", "kind"], set_=values))


def lock_due_schedules(session: Session) -> Sequence[DueSchedule]:
    """Lock and return the due schedules, skipping those that another beat has locked."""
    rows = session.execute(
        select(Schedule, Account, func.now())
        .join(Account, Account.id == Schedule.account_id)
        .where(Schedule.enabled, Schedule.next_fire_at <= func.now())
        .order_by(Schedule.account_id, Schedule.next_fire_at)
        .with_for_update(skip_locked=True, of=Schedule)
    )
    return [
        DueSchedule(
            id=schedule.id,
            account=account.name,
            zone=ZoneInfo(account.time_zone),
            kind=CampaignKind(schedule.kind),
            cron=schedule.cron,
            options=schedule.options,
            fire_at=schedule.next_fire_at,
            now=now,
        )
        for schedule, account, now in rows
    ]


def record_fire(session: Session, due: DueSchedule, *, campaign_id: UUID, next_fire_at: datetime) -> None:
    """Record that this instant has fired, and set the next one."""
    noted = insert(ScheduleFire).values(schedule_id=due.id, fire_at=due.fire_at, campaign_id=campaign_id)
    session.execute(noted.on_conflict_do_nothing())
    skip_fire(session, due, next_fire_at=next_fire_at)


def skip_fire(session: Session, due: DueSchedule, *, next_fire_at: datetime) -> None:
    """Set the next instant without firing this one."""
    session.execute(update(Schedule).where(Schedule.id == due.id).values(next_fire_at=next_fire_at))


def move_schedules(session: Session, account_id: int, zone: ZoneInfo) -> None:
    """Set the next instants of an account's schedules, now that it is in `zone`. What is due still fires."""
    query = select(Schedule, func.now()).where(Schedule.account_id == account_id, Schedule.enabled)
    for schedule, now in session.execute(query.order_by(Schedule.id).with_for_update(of=Schedule)):
        if schedule.next_fire_at > now:
            schedule.next_fire_at = next_fire(schedule.cron, zone, now)


@dataclass(frozen=True, slots=True)
class ScheduleRecord:
    """One schedule for display. A disabled one keeps its options."""

    account: str
    zone: ZoneInfo
    kind: CampaignKind
    cron: str
    options: dict[str, Any]
    enabled: bool
    next_fire_at: datetime


_SCHEDULES = select(Schedule, Account).join(Account, Account.id == Schedule.account_id)


def find_schedule(
    session: Session, account: str, kind: CampaignKind, *, lock: bool = False
) -> ScheduleRecord | None:
    """Return the account's schedule for one kind of campaign, enabled or not, or None.

    `lock` locks its row until the transaction ends.
    """
    statement = _SCHEDULES.where(Account.name == account, Schedule.kind == kind)
    found = session.execute(statement.with_for_update(of=Schedule) if lock else statement).first()
    return _to_record(*found) if found else None


def list_schedules(
    session: Session,
    *,
    account: str | None = None,
    limit: int | None = None,
    after: tuple[str, CampaignKind] | None = None,
) -> Sequence[ScheduleRecord]:
    """Return schedules, disabled ones too, ordered by account and kind.

    With `limit` a page of those behind `after`, an account's name and a kind.
    """
    statement = _SCHEDULES.order_by(Account.name, Schedule.kind).limit(limit)
    if account is not None:
        statement = statement.where(Account.name == account)
    if after is not None:
        statement = statement.where(tuple_(Account.name, Schedule.kind) > after)
    return [_to_record(*row) for row in session.execute(statement)]


def _to_record(row: Schedule, owner: Account) -> ScheduleRecord:
    return ScheduleRecord(
        account=owner.name,
        zone=ZoneInfo(owner.time_zone),
        kind=CampaignKind(row.kind),
        cron=row.cron,
        options=row.options,
        enabled=row.enabled,
        next_fire_at=row.next_fire_at,
    )


def disable_schedule(session: Session, account_id: int, kind: CampaignKind) -> bool:
    """Disable the schedule; return whether it existed and was enabled."""
    stopped = session.execute(
        update(Schedule)
        .where(Schedule.account_id == account_id, Schedule.kind == kind, Schedule.enabled)
        .values(enabled=False)
        .returning(Schedule.id)
    )
    return stopped.first() is not None
