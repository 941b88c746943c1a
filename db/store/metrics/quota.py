"""The quota: what is left and used of each window, and the circuit breakers."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Final

from prometheus_client.metrics_core import Metric
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.quota.remaining import KindUsage, list_usage
from db.tables import Account
from worker.metrics import state
from worker.rules.model import AccountStatus, Kind
from worker.rules.quota.model import Remaining

_WINDOWS: Final = tuple(each.name for each in fields(Remaining))
_PERIODS: Final = {"daily": ("day", "all_day"), "weekly": ("week", "all_week")}
"""The windows that a greeting must pass in each period of the predecessor's dashboards."""


def read(session: Session, *, by_account: bool) -> Iterator[Metric]:
    """Yield the gauges. `by_account` gives each account its own series, active or not."""
    found = list_usage(session, most_accounts=state.MOST_ACCOUNTS)
    active = [each for each in found if each.status is AccountStatus.ACTIVE]
    greetings = [each.left for each in active if each.kind is Kind.GREET]
    yield state.RATE_LIMIT_REMAINING.build(
        ((period,), min((min(getattr(left, each) for each in windows) for left in greetings), default=0))
        for period, windows in _PERIODS.items()
    )
    yield from _windows_of_accounts(found) if by_account else _extremes(active)
    counts = {(kind, each): 0 for kind in Kind for each in ("closed", "open", "half_open")}
    counts |= {(kind, each): count for kind, each, count in session.execute(load_query("open_breakers"))}
    accounts = session.scalars(select(func.count()).where(Account.removed_at.is_(None))).one()
    for kind in Kind:
        counts[kind, "closed"] = accounts - counts[kind, "open"] - counts[kind, "half_open"]
    yield state.BREAKERS.build(counts.items())


def _extremes(found: Sequence[KindUsage]) -> Iterator[Metric]:
    of_kind = {kind: [each for each in found if each.kind is kind] for kind in Kind}
    yield state.QUOTA_REMAINING.build(
        ((kind, window), min(getattr(one.left, window) for one in usages))
        for kind, usages in of_kind.items()
        for window in _WINDOWS
        if usages
    )
    yield state.QUOTA_USED.build(
        ((kind, window), max(getattr(one.used, window) for one in usages))
        for kind, usages in of_kind.items()
        for window in _WINDOWS
        if usages
    )


def _windows_of_accounts(found: Sequence[KindUsage]) -> Iterator[Metric]:
    yield state.QUOTA_REMAINING.by_account().build(
        ((one.account, one.kind, window), getattr(one.left, window)) for one in found for window in _WINDOWS
    )
    yield state.QUOTA_USED.by_account().build(
        ((one.account, one.kind, window), getattr(one.used, window)) for one in found for window in _WINDOWS
    )
