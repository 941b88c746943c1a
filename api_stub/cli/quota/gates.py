"""Every gate of the quota with its number, in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from api_stub.cli.formatting import in_words, utc
from api_stub.responses.quota import DAY_NAMES, Told, breaker_state, clock_time, left_of, windows
from api_stub.responses.quota_models import Source, Window
from db.store.quota.status import Standing
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.breaker import THRESHOLD
from worker.rules.quota.decision import Decision, Purse
from worker.rules.quota.limits import WARM_UP, warm_up_share
from worker.rules.quota.windows import ALL_WEEK, Hours, local_day, opening

SOURCES: Final[Mapping[Source, str]] = {
    Source.REDIS: "told by Redis, which decides",
    Source.LEDGER: "told by the ledger in Postgres",
    Source.REDIS_AWAY: "Redis does not answer: told by the ledger. Postgres decides meanwhile, "
    "by the same rules",
    Source.REDIS_COLD: "Redis' counters are not built yet (a new account, a reset or a loss): told by the "
    "ledger, from which the next decision builds them",
}


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing that must let an action through, and its number."""

    name: str
    open: bool
    says: str


def quota_gates(standing: Standing, told: Told) -> Iterator[Gate]:
    """Return each gate of the quota in the order of the rule, then what the limits come from."""
    yield from closing_gates(standing, told.decision)
    yield from _window_gates(standing, told)
    yield Gate("warm-up", True, warm_up_says(standing.warm_up_on, standing.now, standing.purse.zone))


def closing_gates(standing: Standing, decision: Decision) -> Iterator[Gate]:
    """Return the gates that open at a time: pause, hours, breaker, gap."""
    purse = standing.purse
    paused = purse.paused_until
    pause = f"until {utc(paused)}, after a limit page of the site" if paused else "none"
    if standing.cut_until is not None:
        pause += f"; limits are cut by 30 % until {utc(standing.cut_until)}"
    yield Gate("pause", paused is None or paused <= standing.now, pause)
    yield _hours(purse, standing.now)
    yield _breaker(decision, standing.now)
    yield _gap(standing, decision)


def _hours(purse: Purse, now: datetime) -> Gate:
    hours, zone = purse.limits.hours, purse.zone
    if hours == Hours():
        return Gate("working hours", True, "day and night")
    span = opening(now, hours, zone)
    when = f"open until {utc(span.end)}" if span.start <= now else f"opens at {utc(span.start)}"
    return Gate("working hours", span.start <= now, f"{hours_says(hours)} in {zone.key}; {when}")


def hours_says(hours: Hours) -> str:
    """Write hours as `quota set` takes them."""
    return f"{clock_time(hours.opens)}-{clock_time(hours.closes)} {days_says(hours.days)}"


def days_says(days: frozenset[int]) -> str:
    """Write days as `quota set` takes them: a range where they are one, else each."""
    if days == ALL_WEEK:
        return "every day"
    first, last = min(days), max(days)
    if len(days) > 2 and days == frozenset(range(first, last + 1)):
        return f"{DAY_NAMES[first]}-{DAY_NAMES[last]}"
    return ",".join(DAY_NAMES[day] for day in sorted(days))


def _breaker(decision: Decision, now: datetime) -> Gate:
    breaker = decision.breaker
    faults = f"{breaker.failures} fault{'s' * (breaker.failures != 1)} of the site in a row"
    state = breaker_state(breaker, now)
    if state == "closed":
        return Gate("breaker", True, f"closed; {faults}, {THRESHOLD} open it")
    if state == "open" and breaker.open_until is not None:
        return Gate(
            "breaker", False, f"open until {utc(breaker.open_until)}, after {faults}; then one try goes first"
        )
    under_way = decision.reason is Reason.BREAKER_PROBE
    says = "one try is under way and decides" if under_way else "one try goes first and decides"
    return Gate("breaker", not under_way, f"half-open after {faults}: {says}")


def _gap(standing: Standing, decision: Decision) -> Gate:
    """Say when the gap is over: exactly where it is what waits longest, else as the ledger bounds it."""
    limits = standing.purse.limits
    between = f"{gap_says(limits.gap_min, limits.gap_max)} between two"
    if decision.reason is Reason.GAP and decision.retry_at is not None:
        return Gate("gap", False, f"{between}; until {utc(decision.retry_at)}")
    if decision.reason is not None and standing.gap_until is not None and standing.gap_until > standing.now:
        return Gate("gap", False, f"{between}; until {utc(standing.gap_until)} at the latest")
    return Gate("gap", True, f"{between}; over")


def gap_says(shortest: timedelta, longest: timedelta) -> str:
    """Write a gap as `quota set` takes it."""
    low, high = (f"{gap.total_seconds():g}s" for gap in (shortest, longest))
    return low if low == high else f"{low}-{high}"


def _window_gates(standing: Standing, told: Told) -> Iterator[Gate]:
    left, purse, kind = left_of(told), standing.purse, standing.purse.kind
    filled = windows(standing, left)
    tomorrow = f"fresh at {utc(local_day(standing.now, purse.zone).end)}"
    ages = "each use leaves after exactly 7 days"
    if filled.run is not None:
        yield _window(f"{kind}, run", filled.run, tomorrow)
    yield _window(f"{kind}, day", filled.day, tomorrow)
    yield _window(f"{kind}, 7 days", filled.week, ages)
    kept = standing.used.kept
    used = purse.totals.per_day - kept - left.all_day if left.all_day else standing.used.all_day
    all_day = f"{used} used, {left.all_day} left of {purse.totals.per_day} for this kind"
    shared = f", {kept} kept for others" if kept else ""
    yield Gate("all kinds, day", left.all_day > 0, f"{all_day}{shared}; {tomorrow}")
    used = purse.totals.per_week - left.all_week if left.all_week else standing.used.all_week
    all_week = Window(used=used, left=left.all_week, limit=purse.totals.per_week)
    yield _window("all kinds, 7 days", all_week, ages)


def _window(name: str, window: Window, renewed: str) -> Gate:
    return Gate(name, window.left > 0, f"{window.used} used, {window.left} left of {window.limit}; {renewed}")


WARM_UP_SAYS: Final = "a third in the first week, a half in the second, four fifths in the third"
_SHARES: Final = {Fraction(1, 3): "a third", Fraction(1, 2): "a half", Fraction(4, 5): "four fifths"}


def warm_up_says(began: date | None, now: datetime, zone: ZoneInfo) -> str:
    """Say in which week of its warm-up an account is, and what it may use of its limits."""
    if began is None:
        return "none: the limits hold in full"
    whole = began + len(WARM_UP) * timedelta(days=7)
    share = warm_up_share(began, now, zone)
    if share == 1:
        return f"over since {whole}: the limits hold in full"
    week = max(0, (now.astimezone(zone).date() - began).days // 7) + 1
    return (
        f"week {week} of {len(WARM_UP)}: {_SHARES.get(share, str(share))} of the limits; in full on {whole}"
    )


_NOUNS: Final[Mapping[Kind, str]] = {
    Kind.GREET: "a greeting",
    Kind.VISIT: "a visit",
    Kind.COLLECT: "a search page",
    Kind.WITHDRAW: "a withdrawal",
}


def now_says(kind: Kind, decision: Decision) -> str:
    """Say what a reservation would be answered now."""
    if decision.reason is None:
        return f"{_NOUNS[kind]} would be let through now"
    until = f" until {utc(decision.retry_at)}" if decision.retry_at else ""
    return f"{_NOUNS[kind]} would have to wait{until}: {in_words(decision.reason)}"
