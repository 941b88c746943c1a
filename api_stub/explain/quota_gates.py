"""Describe each gate of the quota with its number."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from api_stub.responses.quota_gates import (
    BreakerGate,
    GapGate,
    HoursGate,
    PauseGate,
    find_timed_gates,
    find_warm_up,
)
from api_stub.responses.quota_windows import (
    QuotaReading,
    Source,
    Window,
    build_window,
    build_windows,
    get_remaining,
)
from api_stub.times import format_time
from db.store.quota.status import QuotaStatus
from worker.rules.model import Kind
from worker.rules.quota.breaker import THRESHOLD
from worker.rules.quota.limits import WARM_UP_SHARES
from worker.rules.quota.model import Decision
from worker.rules.quota.notation import format_gap, format_hours
from worker.rules.quota.windows import local_day
from worker.rules.wording.reasons import describe_reason

SOURCE_TEXTS: Final[Mapping[Source, str]] = {
    Source.REDIS: "read from Redis, which decides",
    Source.LEDGER: "read from the ledger in Postgres",
    Source.REDIS_AWAY: "read from the ledger, because Redis does not answer. Postgres decides meanwhile, "
    "by the same rules",
    Source.NOT_RUNNING: "read from the ledger in Postgres, because Rapport isn't running",
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
    gates, zone = find_timed_gates(status, decision), status.context.zone
    yield Gate("pause", gates.pause.is_open, _describe_pause(gates.pause, zone))
    yield Gate("working hours", gates.hours.is_open, _describe_hours(gates.hours, zone))
    yield Gate("breaker", gates.breaker.is_open, _describe_breaker(gates.breaker, zone))
    yield Gate("gap", gates.gap.is_open, _describe_gap(gates.gap, zone))


def _describe_pause(gate: PauseGate, zone: ZoneInfo) -> str:
    paused = gate.paused_until
    pause = f"until {format_time(paused, zone)}, after a limit page of the site" if paused else "none"
    if gate.cut_until is not None:
        pause += f"; limits are cut by 30 % until {format_time(gate.cut_until, zone)}"
    return pause


def _describe_hours(gate: HoursGate, zone: ZoneInfo) -> str:
    if gate.span is None:
        return "day and night"
    when = (
        f"open until {format_time(gate.span.end, zone)}"
        if gate.is_open
        else f"opens at {format_time(gate.span.start, zone)}"
    )
    return f"{format_hours(gate.hours)} in {zone.key}; {when}"


def _describe_breaker(gate: BreakerGate, zone: ZoneInfo) -> str:
    faults = f"{gate.failures} fault{'s' * (gate.failures != 1)} of the site in a row"
    if gate.state == "closed":
        return f"closed; {faults}, {THRESHOLD} open it"
    if gate.state == "open" and gate.open_until is not None:
        return f"open until {format_time(gate.open_until, zone)}, after {faults}; then one action tries"
    says = "one action is trying and decides" if gate.probing else "one action tries first and decides"
    return f"half-open after {faults}: {says}"


def _describe_gap(gate: GapGate, zone: ZoneInfo) -> str:
    between = f"{format_gap(gate.shortest, gate.longest)} between two"
    if gate.until is None:
        return f"{between}; over"
    latest = "" if gate.exact else " at the latest"
    return f"{between}; until {format_time(gate.until, zone, seconds=True)}{latest}"


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
    stage = find_warm_up(began, now, zone)
    if stage is None:
        return "none: the limits apply in full"
    if stage.share == 1:
        return f"over since {stage.ends}: the limits apply in full"
    part = _SHARES.get(stage.share, str(stage.share))
    return f"week {stage.week} of {len(WARM_UP_SHARES)}: {part} of the limits; in full on {stage.ends}"


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
