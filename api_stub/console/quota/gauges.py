"""What the page of the quota shows: each window as a gauge, and each gate with what holds now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from api_stub.console.drawing.curve import Curve, draw_steps
from api_stub.console.drawing.gauge import Gauge, draw_gauge
from api_stub.responses.quota_gates import TimedGates, WarmUpStage, find_timed_gates, find_warm_up
from api_stub.responses.quota_windows import (
    QuotaReading,
    Window,
    build_total_windows,
    build_windows,
    get_ledger_readings,
    get_remaining,
)
from db.store.quota.status import AccountQuotaStatus, Denial, QuotaStatus
from worker.rules.model import Kind
from worker.rules.quota.limits import WARM_UP_SHARES
from worker.rules.quota.model import Decision
from worker.rules.quota.windows import local_day

WARM_UP_STEPS: Final = (*WARM_UP_SHARES, Fraction(1))


@dataclass(frozen=True, slots=True)
class WindowView:
    """A window: `reserved` of what is free is kept for single kinds. `renews_at` is when it next gets room.

    `at_once`: then all of it is free again, not only its oldest use.
    """

    name: str
    used: int
    reserved: int
    free: int
    limit: int
    renews_at: datetime | None
    at_once: bool
    gauge: Gauge


@dataclass(frozen=True, slots=True)
class KindView:
    """One kind: what a reservation would be answered now, its windows, and its other gates.

    `kept` is its own share of the day of all kinds, `kept_for_others` the unused share of the others.
    """

    kind: Kind
    decision: Decision
    windows: Sequence[WindowView]
    gates: TimedGates
    kept: int
    kept_for_others: int
    denial: Denial | None


@dataclass(frozen=True, slots=True)
class QuotaView:
    """Everything of an account, as of `now`. `warm_up` is None if the limits never ramped up."""

    now: datetime
    kinds: Sequence[KindView]
    together: Sequence[WindowView]
    warm_up: WarmUpStage | None
    curve: Curve | None


def build_quota_view(account: AccountQuotaStatus) -> QuotaView:
    """Return what the page shows of an account's quota, by the ledger in Postgres."""
    readings, zone = get_ledger_readings(account), account.account.zone
    warm_up = find_warm_up(account.kinds[Kind.GREET].warm_up_on, account.now, zone)
    return QuotaView(
        now=account.now,
        kinds=[
            _build_kind(status, readings[kind], account.denials.get(kind))
            for kind, status in account.kinds.items()
        ],
        together=list(_list_totals(account, readings)),
        warm_up=warm_up,
        curve=_draw_warm_up(warm_up, account) if warm_up is not None else None,
    )


def _draw_warm_up(stage: WarmUpStage, account: AccountQuotaStatus) -> Curve:
    passed = (account.now.astimezone(account.account.zone).date() - stage.began).days
    return draw_steps(WARM_UP_STEPS, Fraction(2 * passed + 1, 14))  # the middle of today


def _build_kind(status: QuotaStatus, reading: QuotaReading, denial: Denial | None) -> KindView:
    filled = build_windows(status, get_remaining(reading))
    tomorrow = local_day(status.now, status.context.zone).end
    windows = [
        _build_window("day", filled.day, tomorrow, at_once=True),
        _build_window("week", filled.week, status.week_renews_at),
    ]
    if filled.run is not None:
        windows.insert(0, _build_window("run", filled.run, tomorrow, at_once=True))
    return KindView(
        kind=status.context.kind,
        decision=reading.decision,
        windows=windows,
        gates=find_timed_gates(status, reading.decision),
        kept=status.context.limits.reserved_per_day,
        kept_for_others=status.used.reserved,
        denial=denial,
    )


def _list_totals(account: AccountQuotaStatus, readings: Mapping[Kind, QuotaReading]) -> Iterator[WindowView]:
    filled = build_total_windows(account, readings)
    kept = sum(
        max(0, status.context.limits.reserved_per_day - status.used.day) for status in account.kinds.values()
    )
    tomorrow = local_day(account.now, account.account.zone).end
    renewals = [status.week_renews_at for status in account.kinds.values() if status.week_renews_at]
    yield _build_window("day", filled.day, tomorrow, reserved=kept, at_once=True)
    yield _build_window("week", filled.week, min(renewals, default=None))


def _build_window(
    name: str, window: Window, renews_at: datetime | None, *, reserved: int = 0, at_once: bool = False
) -> WindowView:
    reserved = min(reserved, window.left)
    free = window.left - reserved
    return WindowView(
        name=name,
        used=window.used,
        reserved=reserved,
        free=free,
        limit=window.limit,
        renews_at=renews_at if window.used else None,
        at_once=at_once,
        gauge=draw_gauge(used=window.used, reserved=reserved, left=free),
    )
