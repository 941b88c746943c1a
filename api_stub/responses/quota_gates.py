"""The gates of a quota that open at a time, as facts: each reader words them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from api_stub.responses.quota import name_breaker_state
from db.store.quota.status import QuotaStatus
from worker.errors import Reason
from worker.rules.quota.limits import WARM_UP_SHARES, warm_up_share
from worker.rules.quota.model import Decision
from worker.rules.quota.windows import Hours, Span, opening

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PauseGate:
    """The pause after a limit page of the site, and until when the limits are cut; None: not at all."""

    is_open: bool
    paused_until: datetime | None
    cut_until: datetime | None


@dataclass(frozen=True, slots=True)
class HoursGate:
    """The working hours: `span` is that which holds now, else the next; None: day and night."""

    is_open: bool
    hours: Hours
    span: Span | None


@dataclass(frozen=True, slots=True)
class BreakerGate:
    """The breaker after `failures` faults in a row. `probing`: one action is trying at this moment."""

    is_open: bool
    state: Literal["closed", "open", "half_open"]
    failures: int
    open_until: datetime | None
    probing: bool


@dataclass(frozen=True, slots=True)
class GapGate:
    """The gap between two actions, over at `until` (None: now); not `exact`: at the latest then."""

    is_open: bool
    shortest: timedelta
    longest: timedelta
    until: datetime | None
    exact: bool


@dataclass(frozen=True, slots=True)
class TimedGates:
    """The gates of one kind in the order of the rule."""

    pause: PauseGate
    hours: HoursGate
    breaker: BreakerGate
    gap: GapGate


def find_timed_gates(status: QuotaStatus, decision: Decision) -> TimedGates:
    """Return the gates that open at a time; `decision` is what a reservation would be answered now."""
    paused = status.context.paused_until
    return TimedGates(
        PauseGate(paused is None or paused <= status.now, paused, status.cut_until),
        _find_hours(status),
        _find_breaker(status, decision),
        _find_gap(status, decision),
    )


def _find_hours(status: QuotaStatus) -> HoursGate:
    hours = status.context.limits.hours
    if hours == Hours():
        return HoursGate(True, hours, None)
    span = opening(status.now, hours, status.context.zone)
    return HoursGate(span.start <= status.now, hours, span)


def _find_breaker(status: QuotaStatus, decision: Decision) -> BreakerGate:
    breaker = decision.breaker
    state = name_breaker_state(breaker, status.now)
    probing = state == "half_open" and decision.reason is Reason.BREAKER_PROBE
    return BreakerGate(
        state == "closed" or (state == "half_open" and not probing),
        state,
        breaker.failures,
        breaker.open_until,
        probing,
    )


def _find_gap(status: QuotaStatus, decision: Decision) -> GapGate:
    """Return the gap: exactly when it is over if it opens last, else at the latest by the ledger."""
    shortest, longest = status.context.limits.gap_min, status.context.limits.gap_max
    if decision.reason is Reason.GAP and decision.retry_at is not None:
        return GapGate(False, shortest, longest, decision.retry_at, exact=True)
    if decision.reason is not None and status.gap_until is not None and status.gap_until > status.now:
        return GapGate(False, shortest, longest, status.gap_until, exact=False)
    return GapGate(True, shortest, longest, None, exact=True)


@dataclass(frozen=True, slots=True)
class WarmUpStage:
    """A warm-up since `began`: in its `week` (1 is the first) `share` of the limits, in full on `ends`."""

    began: date
    ends: date
    week: int
    share: Fraction


def find_warm_up(began: date | None, now: datetime, zone: ZoneInfo) -> WarmUpStage | None:
    """Return how far an account's warm-up is, also if it is over; None if there was none."""
    if began is None:
        return None
    return WarmUpStage(
        began=began,
        ends=began + len(WARM_UP_SHARES) * _WEEK,
        week=max(0, (now.astimezone(zone).date() - began).days // 7) + 1,
        share=warm_up_share(began, now, zone),
    )
