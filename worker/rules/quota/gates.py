"""The gates of the quota: how much of each window is used, which gates are closed, and when they open."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.model import Charge, QuotaContext, QuotaState, Remaining
from worker.rules.quota.windows import local_day, opening

WEEK: Final = timedelta(days=7)
PROBE_WAIT: Final = timedelta(minutes=1)
"""When to ask again while a half-open breaker's probe is under way, unless its lease expires earlier."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Units used in each window. `reserved` is the unused part of the day's share of other kinds."""

    run: int
    day: int
    week: int
    all_day: int
    all_week: int
    reserved: int

    def with_one_more(self) -> "Usage":
        """Return the usage after one more unit of the kind that was asked for, taken now."""
        return Usage(
            self.run + 1, self.day + 1, self.week + 1, self.all_day + 1, self.all_week + 1, self.reserved
        )

    def left(self, context: QuotaContext) -> Remaining:
        """Return what is left of each window; never less than 0."""
        limits, totals = context.limits, context.totals
        return Remaining(
            run=max(0, limits.per_run - self.run),
            day=max(0, limits.per_day - self.day),
            week=max(0, limits.per_week - self.week),
            all_day=max(0, totals.per_day - self.all_day - self.reserved),
            all_week=max(0, totals.per_week - self.all_week),
        )


def usage(state: QuotaState, context: QuotaContext, now: datetime) -> Usage:
    """Return how much of each window is used at `now`. A charge leaves its week when exactly 7 days old."""
    today, week_ago = local_day(now, context.zone).start, now - WEEK
    run, by_day, by_week = 0, Counter[Kind](), Counter[Kind]()
    for charge in state.charges:  # once: a forecast asks hundreds of times
        if charge.at > week_ago:
            by_week[charge.kind] += 1
            if charge.at >= today:
                by_day[charge.kind] += 1
                run += charge.kind is context.kind and charge.run_id == context.run_id
    return count_usage(context, run=run, by_day=by_day, by_week=by_week)


def count_usage(context: QuotaContext, *, run: int, by_day: Counter[Kind], by_week: Counter[Kind]) -> Usage:
    """Return how much of each window is used: `run` units by the run, and so many of each kind."""
    reserved = (
        max(0, share - by_day[kind]) for kind, share in context.shares.items() if kind is not context.kind
    )
    return Usage(
        run=run,
        day=by_day[context.kind],
        week=by_week[context.kind],
        all_day=by_day.total(),
        all_week=by_week.total(),
        reserved=sum(reserved),
    )


def closed_gates(
    state: QuotaState, context: QuotaContext, used: Usage, now: datetime
) -> list[tuple[Reason, datetime]]:
    """Return each closed gate and when it opens, in the order of docs/quota.md."""
    limits, totals, breaker = context.limits, context.totals, state.breaker(context.kind)
    tomorrow = local_day(now, context.zone).end
    opens = opening(now, limits.hours, context.zone).start
    of_kind = [charge for charge in state.charges if charge.kind is context.kind]
    gates: list[tuple[bool, Reason, Callable[[], datetime]]] = [
        (_is_after(context.paused_until, now), Reason.LIMIT_PAGE, lambda: context.paused_until or now),
        (opens > now, Reason.OUTSIDE_HOURS, lambda: opens),
        (_is_after(breaker.open_until, now), Reason.BREAKER_OPEN, lambda: breaker.open_until or now),
        (
            breaker.probe is not None and not _is_after(breaker.open_until, now),
            Reason.BREAKER_PROBE,
            lambda: _probe_ends_at(state, context.kind, now),
        ),
        (_is_after(state.gaps.get(context.kind), now), Reason.GAP, lambda: state.gaps[context.kind]),
        (used.run >= limits.per_run, Reason.RUN_LIMIT, lambda: tomorrow),
        (used.day >= limits.per_day, Reason.DAY_LIMIT, lambda: tomorrow),
        (
            used.week >= limits.per_week,
            Reason.WEEK_LIMIT,
            lambda: _week_frees_at(of_kind, limits.per_week, now),
        ),
        (used.all_day + used.reserved >= totals.per_day, Reason.ALL_DAY_LIMIT, lambda: tomorrow),
        (
            used.all_week >= totals.per_week,
            Reason.ALL_WEEK_LIMIT,
            lambda: _week_frees_at(state.charges, totals.per_week, now),
        ),
    ]
    return [(reason, opens_at()) for is_closed, reason, opens_at in gates if is_closed]


def _is_after(instant: datetime | None, now: datetime) -> bool:
    return instant is not None and instant > now


def _probe_ends_at(state: QuotaState, kind: Kind, now: datetime) -> datetime:
    probe = state.find(kind, state.breaker(kind).probe or "")
    lapses_at = probe.lapses_at if probe else None
    return min(lapses_at or now + PROBE_WAIT, now + PROBE_WAIT)


def _week_frees_at(charges: Iterable[Charge], limit: int, now: datetime) -> datetime:
    """Return when the week has room again: once all but its `limit` - 1 newest charges are 7 days old."""
    if limit == 0:
        return now + WEEK
    newest = sorted((charge.at for charge in charges), reverse=True)
    return newest[limit - 1] + WEEK
