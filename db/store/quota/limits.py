"""Limits: what an account may do, who changed it, and what a decision is asked with."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from db.tables import Account, QuotaChange, QuotaCut, QuotaEpoch, QuotaGate, QuotaLimit, QuotaTotal
from worker.errors import RequestRefusedError
from worker.rules.model import Kind
from worker.rules.quota.allowance import Allowance
from worker.rules.quota.decision import Purse
from worker.rules.quota.limits import CUT_FOR, PAUSE_FOR, Limits, SiteQuota, Totals, site_quota
from worker.rules.quota.windows import ALL_WEEK, Hours

_MS = timedelta(milliseconds=1)
_MINUTE = timedelta(minutes=1)
_Row: TypeAlias = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A purse as Postgres has it now. `failing`: the breaker has failures that a success must clear.

    `warm_up_on` and `cut_until` say why the limits in force may be less than the account's own.
    """

    purse: Purse
    failing: bool
    warm_up_on: date | None = None
    cut_until: datetime | None = None


def purse(session: Session, account_id: int, kind: Kind, run_id: str) -> Loaded:
    """Return what a decision is asked with now: limits in force, reserved shares, the epoch. One statement.

    Raises NoResultFound if there is no such account.
    """
    given, failures, now = _given(session, account_id, kind)
    return Loaded(
        given.purse(now, run_id),
        failing=bool(failures),
        warm_up_on=given.warm_up_on,
        cut_until=given.cut_until if given.is_cut(now) else None,
    )


def allowance(session: Session, account_id: int, kind: Kind) -> Allowance:
    """Return what the limits in force follow from, now and later. Raises as `purse`."""
    return _given(session, account_id, kind)[0]


def _given(session: Session, account_id: int, kind: Kind) -> tuple[Allowance, int | None, datetime]:
    """Return the allowance, the breaker's failures and now."""
    rows = session.execute(
        select(Account, QuotaLimit, QuotaTotal, QuotaCut, QuotaEpoch.epoch, QuotaGate.failures, func.now())
        .outerjoin(QuotaLimit, QuotaLimit.account_id == Account.id)
        .outerjoin(QuotaTotal, QuotaTotal.account_id == Account.id)
        .outerjoin(QuotaCut, and_(QuotaCut.account_id == Account.id, QuotaCut.kind == kind))
        .outerjoin(QuotaEpoch, QuotaEpoch.account_id == Account.id)
        .outerjoin(QuotaGate, and_(QuotaGate.account_id == Account.id, QuotaGate.kind == kind))
        .where(Account.id == account_id)
    ).all()
    if not rows:
        raise NoResultFound(f"there is no account {account_id}")
    account, _, total, cut, epoch, failures, now = rows[0]
    site = site_quota(account.site)
    given = Allowance(
        account_id=account_id,
        zone=ZoneInfo(account.time_zone),
        kind=kind,
        site=site,
        limits=_every_kind(site, [row for _, row, *_ in rows if row is not None]),
        totals=_totals(site, total),
        warm_up_on=account.warm_up_on,
        cut_until=cut.cut_until if cut is not None else None,
        paused_until=cut.paused_until if cut is not None else None,
        epoch=epoch or 0,
    )
    return given, failures, now


def own(session: Session, account_id: int, kind: Kind) -> Limits:
    """Return the account's own limits for `kind`, or its site's; before warm-up, cuts and ceilings."""
    row = session.get(QuotaLimit, (account_id, kind), populate_existing=True)
    return _limits(row) if row is not None else _site(session, account_id).limits[kind]


def own_totals(session: Session, account_id: int) -> Totals:
    """Return the account's own limits for all kinds together, or its site's; before warm-up."""
    row = session.get(QuotaTotal, account_id, populate_existing=True)
    return _totals(_site(session, account_id), row)


def longest_gaps(session: Session, account_id: int) -> dict[Kind, timedelta]:
    """Return the longest gap of each kind."""
    rows = session.scalars(select(QuotaLimit).where(QuotaLimit.account_id == account_id)).all()
    every = _every_kind(_site(session, account_id), list(rows))
    return {kind: limits.gap_max for kind, limits in every.items()}


def set_limits(session: Session, account_id: int, kind: Kind, limits: Limits, *, by: str) -> None:
    """Give the account limits of its own, in force at the next decision; `by` goes into the audit.

    Raises RequestRefusedError above a hard ceiling of the account's site.
    """
    if refusal := _site(session, account_id).refusal(kind, limits):
        raise RequestRefusedError(f"{kind}: {refusal}")
    before, values = own(session, account_id, kind), _values(limits)
    statement = insert(QuotaLimit).values(account_id=account_id, kind=kind, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id", "kind"], set_=values))
    _note(session, account_id, kind, before=_values(before), after=values, by=by)


def set_totals(session: Session, account_id: int, totals: Totals, *, by: str) -> None:
    """Give the account limits of its own for all kinds together. Raises as `set_limits`."""
    if refusal := _site(session, account_id).total_refusal(totals):
        raise RequestRefusedError(f"all kinds together: {refusal}")
    before, values = own_totals(session, account_id), asdict(totals)
    statement = insert(QuotaTotal).values(account_id=account_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=values))
    _note(session, account_id, "total", before=asdict(before), after=values, by=by)


def warm_up_from(session: Session, account_id: int, on: date | None, *, by: str) -> None:
    """Let the account's limits ramp up from `on`; None: they need not."""
    account = session.get_one(Account, account_id, populate_existing=True)
    before, account.warm_up_on = account.warm_up_on, on
    session.flush()
    if before != on:
        old, new = ({"warm_up_on": day.isoformat()} if day else None for day in (before, on))
        _note(session, account_id, "warm_up", before=old, after=new, by=by)


def cut(session: Session, account_id: int, kind: Kind) -> None:
    """Pause the kind and cut its limits for a while, after a limit page of the site (design §4)."""
    values = {"paused_until": func.now() + PAUSE_FOR, "cut_until": func.now() + CUT_FOR}
    statement = insert(QuotaCut).values(account_id=account_id, kind=kind, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id", "kind"], set_=values))


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the audit: who changed what, from what to what."""

    what: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    by: str
    at: datetime


def changes(session: Session, account_id: int, *, newest: int = 50) -> list[Change]:
    """Return the newest changes of an account's limits, newest first."""
    rows = session.scalars(
        select(QuotaChange)
        .where(QuotaChange.account_id == account_id)
        .order_by(QuotaChange.id.desc())
        .limit(newest)
    )
    return [Change(row.what, row.before, row.after, row.changed_by, row.changed_at) for row in rows]


def note_reset(
    session: Session, account_id: int, *, by: str, kinds: Collection[Kind] = frozenset(Kind)
) -> None:
    """Leave a line in the audit that an operator closed the breakers and had the counters rebuilt."""
    _note(session, account_id, "breaker", before=None, after={"closed": sorted(kinds)}, by=by)


def _site(session: Session, account_id: int) -> SiteQuota:
    return site_quota(session.scalars(select(Account.site).where(Account.id == account_id)).one())


def _every_kind(quota: SiteQuota, rows: list[QuotaLimit]) -> dict[Kind, Limits]:
    return {**quota.limits, **{Kind(row.kind): _limits(row) for row in rows}}


def _totals(quota: SiteQuota, row: QuotaTotal | None) -> Totals:
    return Totals(row.per_day, row.per_week) if row is not None else quota.totals


def _limits(row: QuotaLimit) -> Limits:
    return Limits(
        per_run=row.per_run,
        per_day=row.per_day,
        per_week=row.per_week,
        gap_min=row.gap_min_ms * _MS,
        gap_max=row.gap_max_ms * _MS,
        hours=Hours(
            opens=row.opens_minute * _MINUTE,
            closes=row.closes_minute * _MINUTE,
            days=frozenset(day for day in ALL_WEEK if row.days >> day & 1),
        ),
        reserved_per_day=row.reserved_per_day,
    )


def _values(limits: Limits) -> dict[str, int]:
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


def _note(session: Session, account_id: int, what: str, *, before: _Row, after: _Row, by: str) -> None:
    session.add(QuotaChange(account_id=account_id, what=what, before=before, after=after, changed_by=by))
