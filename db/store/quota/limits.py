"""Limits: set and read an account's limits with their audit log, and load the context of a decision."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.engine import get_database_time
from db.queries import load_query
from db.tables import Account, QuotaChange, QuotaCut, QuotaLimit, QuotaTotal
from worker.errors import RequestRefusedError
from worker.rules.model import Kind
from worker.rules.quota.allowance import Allowance
from worker.rules.quota.limits import CUT_FOR, PAUSE_FOR, Limits, SiteQuota, Totals
from worker.rules.quota.model import QuotaContext
from worker.rules.quota.windows import ALL_WEEK, Hours
from worker.rules.sites.registry import site_quota

_MS = timedelta(milliseconds=1)
_MINUTE = timedelta(minutes=1)
_Row: TypeAlias = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class LoadedContext:
    """The context of a decision, as stored now.

    `failing`: the breaker counts failures, which a success must clear. `warm_up_on` and `cut_until` show why
    the limits in force may be below the configured ones.
    """

    context: QuotaContext
    failing: bool
    warm_up_on: date | None = None
    cut_until: datetime | None = None


def load_context(session: Session, account_id: int, kind: Kind, run_id: str) -> LoadedContext:
    """Return the context of a decision now: limits in force, reserved shares, epoch. One statement.

    Raises NoResultFound if there is no such account.
    """
    row = _load(session, account_id, kind)
    return read_context(row, kind, run_id)


def read_context(row: Any, kind: Kind, run_id: str) -> LoadedContext:  # noqa: ANN401 -- a row
    """Return the context of a decision from the columns of a row (db/queries/quota_context.sql)."""
    allowance, now = _read_allowance(row, kind), row.now
    return LoadedContext(
        allowance.context_at(now, run_id),
        failing=bool(row.failures),
        warm_up_on=allowance.warm_up_on,
        cut_until=allowance.cut_until if allowance.is_cut(now) else None,
    )


def load_allowance(session: Session, account_id: int, kind: Kind) -> Allowance:
    """Return the allowance: it gives the limits in force, now and later. Raises as `load_context`."""
    return _read_allowance(_load(session, account_id, kind), kind)


def _load(session: Session, account_id: int, kind: Kind) -> Row[Any]:
    asked = {"account_id": account_id, "kind": kind}
    return session.execute(load_query("load_quota_context"), asked).one()


def _read_allowance(row: Any, kind: Kind) -> Allowance:  # noqa: ANN401 -- a row
    account = Account(id=row.account_id, site=row.site, time_zone=row.time_zone, warm_up_on=row.warm_up_on)
    total = QuotaTotal(**row.totals) if row.totals else None
    cut = QuotaCut(paused_until=row.paused_until, cut_until=row.cut_until) if row.cut_until else None
    allowance = _build_allowance(account, kind, [QuotaLimit(**each) for each in row.limits or ()], total, cut)
    return replace(allowance, epoch=row.epoch or 0)


def load_allowances(session: Session, *, most: int) -> tuple[dict[int, dict[Kind, Allowance]], datetime]:
    """Return the allowances of each account by kind, without their epochs, and now. Two statements.

    Of the first `most` accounts that were not removed.
    """
    first = select(Account.id).where(Account.removed_at.is_(None)).order_by(Account.id).limit(most)
    found = session.execute(
        select(Account, QuotaLimit, QuotaTotal, QuotaCut)
        .outerjoin(QuotaLimit, QuotaLimit.account_id == Account.id)
        .outerjoin(QuotaTotal, QuotaTotal.account_id == Account.id)
        .outerjoin(QuotaCut, QuotaCut.account_id == Account.id)
        .where(Account.id.in_(first))
        .order_by(Account.id)
        .execution_options(populate_existing=True)
    ).all()
    allowances = {}
    for account, rows in groupby(found, key=lambda row: row[0]):
        _, limits, totals, cuts = zip(*rows, strict=True)
        own = {row.kind: row for row in limits if row is not None}
        cut = {row.kind: row for row in cuts if row is not None}
        allowances[account.id] = {
            kind: _build_allowance(account, kind, list(own.values()), totals[0], cut.get(kind))
            for kind in Kind
        }
    return allowances, get_database_time(session)


def _build_allowance(
    account: Account, kind: Kind, rows: list[QuotaLimit], total: QuotaTotal | None, cut: QuotaCut | None
) -> Allowance:
    site = site_quota(account.site)
    return Allowance(
        account_id=account.id,
        zone=ZoneInfo(account.time_zone),
        kind=kind,
        site=site,
        limits=_limits_by_kind(site, rows),
        totals=_totals_of_row(site, total),
        warm_up_on=account.warm_up_on,
        cut_until=cut.cut_until if cut is not None else None,
        paused_until=cut.paused_until if cut is not None else None,
    )


def get_configured_limits(session: Session, account_id: int, kind: Kind) -> Limits:
    """Return the account's limits for `kind`, else its site's defaults; before ceilings, warm-up and cuts."""
    row = session.get(QuotaLimit, (account_id, kind), populate_existing=True)
    return _limits_of_row(row) if row is not None else _site_quota(session, account_id).limits[kind]


def get_configured_totals(session: Session, account_id: int) -> Totals:
    """Return the account's limits for all kinds together, else its site's; before ceilings and warm-up."""
    row = session.get(QuotaTotal, account_id, populate_existing=True)
    return _totals_of_row(_site_quota(session, account_id), row)


def get_all_limits(session: Session, account_id: int) -> Mapping[Kind, Limits]:
    """Return the account's limits of each kind, as `get_configured_limits` does."""
    rows = session.scalars(select(QuotaLimit).where(QuotaLimit.account_id == account_id)).all()
    return _limits_by_kind(_site_quota(session, account_id), list(rows))


def set_limits(session: Session, account_id: int, kind: Kind, limits: Limits, *, by: str) -> None:
    """Set the account's limits for `kind`, in force from the next decision; `by` is who, for the audit log.

    Raises RequestRefusedError above a hard ceiling of the account's site.
    """
    if refusal := _site_quota(session, account_id).refusal(kind, limits):
        raise RequestRefusedError(f"{kind}: {refusal}")
    before, values = get_configured_limits(session, account_id, kind), _row_values(limits)
    statement = insert(QuotaLimit).values(account_id=account_id, kind=kind, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id", "kind"], set_=values))
    _record_change(session, account_id, kind, before=_row_values(before), after=values, by=by)


def set_totals(session: Session, account_id: int, totals: Totals, *, by: str) -> None:
    """Set the account's limits for all kinds together. Raises as `set_limits`."""
    if refusal := _site_quota(session, account_id).total_refusal(totals):
        raise RequestRefusedError(f"all kinds together: {refusal}")
    before, values = get_configured_totals(session, account_id), asdict(totals)
    statement = insert(QuotaTotal).values(account_id=account_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=values))
    _record_change(session, account_id, "total", before=asdict(before), after=values, by=by)


def set_warm_up(session: Session, account_id: int, on: date | None, *, by: str) -> None:
    """Let the account's limits ramp up from `on`; None: no warm-up."""
    account = session.get_one(Account, account_id, populate_existing=True)
    before, account.warm_up_on = account.warm_up_on, on
    session.flush()
    if before != on:
        old, new = ({"warm_up_on": day.isoformat()} if day else None for day in (before, on))
        _record_change(session, account_id, "warm_up", before=old, after=new, by=by)


def cut_limits(session: Session, account_id: int, kind: Kind) -> None:
    """Pause the kind for `PAUSE_FOR` and cut its limits for `CUT_FOR`, after a limit page of the site."""
    values = {"paused_until": func.now() + PAUSE_FOR, "cut_until": func.now() + CUT_FOR}
    statement = insert(QuotaCut).values(account_id=account_id, kind=kind, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id", "kind"], set_=values))


@dataclass(frozen=True, slots=True)
class LimitChange:
    """One entry of the audit log: who changed what, from what to what."""

    id: int
    what: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    by: str
    at: datetime


def list_changes(
    session: Session, account_id: int, *, newest: int = 50, before: int | None = None
) -> list[LimitChange]:
    """Return the newest changes of an account's limits, newest first: those with an id less than `before`."""
    query = select(QuotaChange).where(QuotaChange.account_id == account_id)
    if before is not None:
        query = query.where(QuotaChange.id < before)
    rows = session.scalars(query.order_by(QuotaChange.id.desc()).limit(newest))
    return [
        LimitChange(row.id, row.what, row.before, row.after, row.changed_by, row.changed_at) for row in rows
    ]


def record_breaker_reset(
    session: Session, account_id: int, *, by: str, kinds: Collection[Kind] = frozenset(Kind)
) -> None:
    """Write to the audit log that an operator closed the breakers of `kinds` and had the counters rebuilt."""
    _record_change(session, account_id, "breaker", before=None, after={"closed": sorted(kinds)}, by=by)


def _site_quota(session: Session, account_id: int) -> SiteQuota:
    return site_quota(session.scalars(select(Account.site).where(Account.id == account_id)).one())


def _limits_by_kind(quota: SiteQuota, rows: list[QuotaLimit]) -> dict[Kind, Limits]:
    return {**quota.limits, **{Kind(row.kind): _limits_of_row(row) for row in rows}}


def _totals_of_row(quota: SiteQuota, row: QuotaTotal | None) -> Totals:
    return Totals(row.per_day, row.per_week) if row is not None else quota.totals


def _limits_of_row(row: QuotaLimit) -> Limits:
    return Limits(
        per_run=row.per_run,
        per_day=row.per_day,
        per_week=row.per_week,
        gap_min=row.gap_min_ms * _MS,
        gap_max=row.gap_max_ms * _MS,
        hours=Hours(
            opens=row.opens_minute * _MINUTE,
            closes=row.closes_minute * _MINUTE,
            days=days_of_bits(row.days),
        ),
        reserved_per_day=row.reserved_per_day,
    )


def days_of_bits(bits: int) -> frozenset[int]:
    """Return the working days that are stored as bits; bit 0 is Monday."""
    return frozenset(day for day in ALL_WEEK if bits >> day & 1)


def _row_values(limits: Limits) -> dict[str, int]:
    return {
        "per_run": limits.per_run,
        "per_day": limits.per_day,
        "per_week": limits.per_week,
        "gap_min_ms": limits.gap_min // _MS,
        "gap_max_ms": limits.gap_max // _MS,
        "opens_minute": limits.hours.opens // _MINUTE,
        "closes_minute": limits.hours.closes // _MINUTE,
        "days": sum(1 << day for day in limits.hours.days),
        "reserved_per_day": limits.reserved_per_day,
    }


def _record_change(
    session: Session, account_id: int, what: str, *, before: _Row, after: _Row, by: str
) -> None:
    session.add(QuotaChange(account_id=account_id, what=what, before=before, after=after, changed_by=by))
