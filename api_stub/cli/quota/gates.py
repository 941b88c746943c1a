"""Describe each gate of the quota with its number, and parts of it as `quota set` takes them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from api_stub.cli.formatting import describe_reason, format_time
from api_stub.responses.quota import DAY_NAMES, format_clock_time, name_breaker_state
from api_stub.responses.quota_windows import (
    QuotaReading,
    Source,
    Window,
    build_window,
    build_windows,
    get_remaining,
)
from db.store.quota.status import QuotaStatus
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.breaker import THRESHOLD
from worker.rules.quota.limits import WARM_UP_SHARES, warm_up_share
from worker.rules.quota.model import Decision, QuotaContext
from worker.rules.quota.windows import ALL_WEEK, Hours, local_day, opening

SOURCE_TEXTS: Final[Mapping[Source, str]] = {
    Source.REDIS: "read from Redis, which decides",
    Source.LEDGER: "read from the ledger in Postgres",
    Source.REDIS_AWAY: "read from the ledger, because Redis does not answer. Postgres decides meanwhile, "
    "by the same rules",
    Source.NOT_RUNNING: "read from the ledger in Postgres, because Rapport isn't running (`rapport up`)",
    Source.REDIS_COLD: "read from the ledger, because Redis' counters are not built yet (a new account, a "
    "reset or a loss). The next decision builds them",
}


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate that an action must pass, whether it is open, and its number in words."""

    name: str
    open: bool
    says: str


def list_quota_gates(status: QuotaStatus, reading: QuotaReading) -> Iterator[Gate]:
    """Yield each gate of the quota in the order of the rule, then the warm-up."""
    yield from list_timed_gates(status, reading.decision)
    yield from _list_window_gates(status, reading)
    yield Gate("warm-up", True, describe_warm_up(status.warm_up_on, status.now, status.context.zone))


def list_timed_gates(status: QuotaStatus, decision: Decision) -> Iterator[Gate]:
    """Yield the gates that open at a time: pause, hours, breaker, gap."""
    context = status.context
    paused = context.paused_until
    pause = f"until {format_time(paused, context.zone)}, after a limit page of the site" if paused else "none"
    if status.cut_until is not None:
        pause += f"; limits are cut by 30 % until {format_time(status.cut_until, context.zone)}"
    yield Gate("pause", paused is None or paused <= status.now, pause)
    yield _hours_gate(context, status.now)
    yield _breaker_gate(decision, status.now, context.zone)
    yield _gap_gate(status, decision)


def _hours_gate(context: QuotaContext, now: datetime) -> Gate:
    hours, zone = context.limits.hours, context.zone
    if hours == Hours():
        return Gate("working hours", True, "day and night")
    span = opening(now, hours, zone)
    is_open = span.start <= now
    when = (
        f"open until {format_time(span.end, zone)}"
        if is_open
        else f"opens at {format_time(span.start, zone)}"
    )
    return Gate("working hours", is_open, f"{format_hours(hours)} in {zone.key}; {when}")


def format_hours(hours: Hours) -> str:
    """Format hours as `quota set` takes them."""
    return f"{format_clock_time(hours.opens)}-{format_clock_time(hours.closes)} {format_days(hours.days)}"


def format_days(days: frozenset[int]) -> str:
    """Format days as `quota set` takes them: as a range if they are one, else each."""
    if days == ALL_WEEK:
        return "every day"
    first, last = min(days), max(days)
    if len(days) > 2 and days == frozenset(range(first, last + 1)):
        return f"{DAY_NAMES[first]}-{DAY_NAMES[last]}"
    return ",".join(DAY_NAMES[day] for day in sorted(days))


def _breaker_gate(decision: Decision, now: datetime, zone: ZoneInfo) -> Gate:
    breaker = decision.breaker
    faults = f"{breaker.failures} fault{'s' * (breaker.failures != 1)} of the site in a row"
    state = name_breaker_state(breaker, now)
    if state == "closed":
        return Gate("breaker", True, f"closed; {faults}, {THRESHOLD} open it")
    if state == "open" and breaker.open_until is not None:
        return Gate(
            "breaker",
            False,
            f"open until {format_time(breaker.open_until, zone)}, after {faults}; then one action tries",
        )
    under_way = decision.reason is Reason.BREAKER_PROBE
    says = "one action is trying and decides" if under_way else "one action tries first and decides"
    return Gate("breaker", not under_way, f"half-open after {faults}: {says}")


def _gap_gate(status: QuotaStatus, decision: Decision) -> Gate:
    """Describe the gap: exactly when it is over if it opens last, else at the latest by the ledger."""
    limits, zone = status.context.limits, status.context.zone
    between = f"{format_gap(limits.gap_min, limits.gap_max)} between two"
    if decision.reason is Reason.GAP and decision.retry_at is not None:
        return Gate("gap", False, f"{between}; until {format_time(decision.retry_at, zone, seconds=True)}")
    if decision.reason is not None and status.gap_until is not None and status.gap_until > status.now:
        until = format_time(status.gap_until, zone, seconds=True)
        return Gate("gap", False, f"{between}; until {until} at the latest")
    return Gate("gap", True, f"{between}; over")


def format_gap(shortest: timedelta, longest: timedelta) -> str:
    """Format a gap as `quota set` takes it."""
    low, high = (f"{gap.total_seconds():g}s" for gap in (shortest, longest))
    return low if low == high else f"{low}-{high}"


def _list_window_gates(status: QuotaStatus, reading: QuotaReading) -> Iterator[Gate]:
    left, context, kind = get_remaining(reading), status.context, status.context.kind
    filled = build_windows(status, left)
    tomorrow = f"resets at {format_time(local_day(status.now, context.zone).end, context.zone)}"
    ages = "each use counts for exactly 7 days"
    if filled.run is not None:
        yield _window_gate(f"{kind}, run", filled.run, tomorrow)
    yield _window_gate(f"{kind}, day", filled.day, tomorrow)
    yield _window_gate(f"{kind}, 7 days", filled.week, ages)
    reserved, totals = status.used.reserved, context.totals
    used = totals.per_day - reserved - left.all_day if left.all_day else status.used.all_day
    all_day = f"{used} used, {left.all_day} left of {totals.per_day} for this kind"
    shared = f", {reserved} reserved for others" if reserved else ""
    yield Gate("all kinds, day", left.all_day > 0, f"{all_day}{shared}; {tomorrow}")
    all_week = build_window(totals.per_week, left.all_week, status.used.all_week)
    yield _window_gate("all kinds, 7 days", all_week, ages)


def _window_gate(name: str, window: Window, renewed: str) -> Gate:
    return Gate(name, window.left > 0, f"{window.used} used, {window.left} left of {window.limit}; {renewed}")


WARM_UP_TEXT: Final = "a third in the first week, a half in the second, four fifths in the third"
_SHARES: Final = {Fraction(1, 3): "a third", Fraction(1, 2): "a half", Fraction(4, 5): "four fifths"}


def describe_warm_up(began: date | None, now: datetime, zone: ZoneInfo) -> str:
    """Describe the week of an account's warm-up, and the share of its limits that it may use."""
    if began is None:
        return "none: the limits apply in full"
    ends = began + len(WARM_UP_SHARES) * timedelta(days=7)
    share = warm_up_share(began, now, zone)
    if share == 1:
        return f"over since {ends}: the limits apply in full"
    week = max(0, (now.astimezone(zone).date() - began).days // 7) + 1
    part = _SHARES.get(share, str(share))
    return f"week {week} of {len(WARM_UP_SHARES)}: {part} of the limits; in full on {ends}"


_NOUNS: Final[Mapping[Kind, str]] = {
    Kind.GREET: "a greeting",
    Kind.VISIT: "a visit",
    Kind.COLLECT: "a search page",
    Kind.WITHDRAW: "a withdrawal",
}


def describe_decision(kind: Kind, decision: Decision, zone: ZoneInfo) -> str:
    """Describe what a reservation would be answered now."""
    if decision.reason is None:
        return f"{_NOUNS[kind]} would be allowed now"
    until = f" until {format_time(decision.retry_at, zone)}" if decision.retry_at else ""
    return f"{_NOUNS[kind]} would have to wait{until}: {describe_reason(decision.reason)}"
