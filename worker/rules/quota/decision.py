"""The quota's rule: what a decision is asked with, what it answers, and how it is made.

One specification for two engines. reserve.lua follows it in Redis; the fallback in Postgres calls `decide`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker, Outcome, record_outcome
from worker.rules.quota.limits import Limits, Totals
from worker.rules.quota.windows import local_day, opening

WEEK: Final = timedelta(days=7)
PROBE_WAIT: Final = timedelta(minutes=1)
"""When to ask again while a half-open breaker's probe is under way, if its lease doesn't end earlier."""


class Verdict(StrEnum):
    """What the quota answered."""

    GRANTED = "granted"
    REPLAY = "replay"
    DENIED = "denied"
    REMAINING = "remaining"
    STARTED = "started"
    COMMITTED = "committed"
    LATE = "late"
    RELEASED = "released"
    ABSENT = "absent"
    NOTED = "noted"
    COLD = "cold"


class Verb(StrEnum):
    """How a reservation is settled: it happened, it surely did not, or only how it went."""

    COMMIT = "commit"
    RELEASE = "release"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class QuotaContext:
    """Whose quota is asked: an account in its zone, a kind, a run, and what they may do now.

    `limits` and `totals` are those in force (after warm-up, cuts and ceilings); `shares` are each kind's
    reserved part of the day; `epoch` is the account's count of rebuilds, as Postgres has it.
    """

    account_id: int
    zone: ZoneInfo
    kind: Kind
    run_id: str
    limits: Limits
    totals: Totals
    shares: Mapping[Kind, int] = field(default_factory=dict)
    epoch: int = 0
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Remaining:
    """How many actions each window still allows; `all_day` leaves out what is reserved to other kinds."""

    run: int
    day: int
    week: int
    all_day: int
    all_week: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The quota's answer.

    `reason` and `retry_at` (aware, UTC) are set when it is a denial, or would be one if it were asked now.
    `remaining` is set for reserve and remaining. `breaker` never says which probe is under way.
    """

    verdict: Verdict
    remaining: Remaining | None = None
    reason: Reason | None = None
    retry_at: datetime | None = None
    breaker: Breaker = field(default_factory=Breaker)

    @property
    def granted(self) -> bool:
        """Whether the caller may go on; the same reservation asked twice is granted once and replayed."""
        return self.verdict in {Verdict.GRANTED, Verdict.REPLAY}


@dataclass(frozen=True, slots=True)
class Charge:
    """One unit taken: reserved until it lapses, acting (held, and never lapses) or settled."""

    kind: Kind
    reservation_id: str
    at: datetime
    run_id: str | None = None
    held: bool = False
    lapses_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class QuotaState:
    """All that the quota of one account knows: what rebuilding writes and what the fallback decides from."""

    charges: tuple[Charge, ...] = ()
    gaps: Mapping[Kind, datetime] = field(default_factory=dict)
    breakers: Mapping[Kind, Breaker] = field(default_factory=dict)

    def find(self, kind: Kind, reservation_id: str) -> Charge | None:
        """Return the charge of that reservation, or None."""
        same = (c for c in self.charges if c.kind is kind and c.reservation_id == reservation_id)
        return next(same, None)

    def breaker(self, kind: Kind) -> Breaker:
        """Return the breaker of `kind`; closed if nothing ever failed."""
        return self.breakers.get(kind, Breaker())

    def without(self, *gone: Charge) -> "QuotaState":
        """Return the books without these charges."""
        return replace(self, charges=tuple(c for c in self.charges if c not in gone))

    def with_charge(self, charge: Charge) -> "QuotaState":
        """Return the books with `charge` in place of the one of the same reservation."""
        old = self.find(charge.kind, charge.reservation_id)
        books = self.without(old) if old else self
        return replace(books, charges=(*books.charges, charge))

    def with_breaker(self, kind: Kind, breaker: Breaker) -> "QuotaState":
        """Return the books with another breaker for `kind`."""
        return replace(self, breakers={**self.breakers, kind: breaker})


def release_lapsed(books: QuotaState, now: datetime) -> QuotaState:
    """Give back what has lapsed. A probe that lapses lets the next one through."""
    lapsed = [c for c in books.charges if c.lapses_at is not None and c.lapses_at <= now]
    for charge in lapsed:
        breaker = books.breaker(charge.kind)
        if breaker.probe == charge.reservation_id:
            books = books.with_breaker(charge.kind, replace(breaker, probe=None))
    return books.without(*lapsed) if lapsed else books


def remaining(books: QuotaState, context: QuotaContext, now: datetime) -> Decision:
    """Return what is left, and what a new reservation would be denied with."""
    books = release_lapsed(books, now)
    used = usage(books, context, now)
    closed = _closed_gates(books, context, used, now)
    reason, retry_at = max(closed, key=lambda gate: gate[1]) if closed else (None, None)
    return Decision(Verdict.REMAINING, used.left(context), reason, retry_at, books.breaker(context.kind))


def reserve(
    books: QuotaState,
    context: QuotaContext,
    reservation_id: str,
    *,
    gap: timedelta,
    lease: timedelta,
    now: datetime,
) -> tuple[Decision, QuotaState]:
    """Look at every gate, then take one unit from all windows or from none. Idempotent by reservation id."""
    books = release_lapsed(books, now)
    asked = remaining(books, context, now)
    known = books.find(context.kind, reservation_id)
    if known is not None and now - known.at < WEEK:
        return replace(asked, verdict=Verdict.REPLAY, reason=None, retry_at=None), books
    if asked.reason is not None:
        return replace(asked, verdict=Verdict.DENIED), books
    books = replace(books, charges=tuple(c for c in books.charges if c.held or now - c.at < WEEK))
    books = books.with_charge(
        Charge(context.kind, reservation_id, now, context.run_id, held=True, lapses_at=now + lease)
    )
    books = replace(books, gaps={**books.gaps, context.kind: now + gap})
    breaker = books.breaker(context.kind)
    if breaker.open_until is not None:
        breaker = replace(breaker, probe=reservation_id)
        books = books.with_breaker(context.kind, breaker)
    left = usage(books, context, now).left(context)
    return Decision(Verdict.GRANTED, left, breaker=breaker), books


def start(
    books: QuotaState, context: QuotaContext, reservation_id: str, now: datetime
) -> tuple[Decision, QuotaState]:
    """Begin to act: from now on the unit counts until it is settled, as the effect may have happened."""
    books = release_lapsed(books, now)
    held = books.find(context.kind, reservation_id)
    if held is None or not held.held:
        return Decision(Verdict.ABSENT, breaker=books.breaker(context.kind)), books
    books = books.with_charge(replace(held, lapses_at=None))
    return Decision(Verdict.STARTED, breaker=books.breaker(context.kind)), books


def settle(
    books: QuotaState,
    context: QuotaContext,
    verb: Verb,
    reservation_id: str,
    *,
    outcome: Outcome,
    now: datetime,
) -> tuple[Decision, QuotaState]:
    """Commit (it happened), release (surely not) or only report how it went. All of it is idempotent.

    A commit after the unit was given back is accepted and charged again. What is settled isn't given back.
    """
    books = release_lapsed(books, now)
    before = books.breaker(context.kind)
    after = record_outcome(before, outcome, reservation_id, now)
    if verb is Verb.RELEASE and before.probe == reservation_id:
        after = replace(after, probe=None)
    if after != before:
        books = books.with_breaker(context.kind, after)
    charge = books.find(context.kind, reservation_id)
    if charge is not None and not charge.held and now - charge.at >= WEEK:
        charge = None
    charged = charge or Charge(context.kind, reservation_id, now, context.run_id)
    if verb is Verb.COMMIT:
        books = books.with_charge(replace(charged, held=False, lapses_at=None))
    elif verb is Verb.RELEASE and charge is not None and charge.held:
        books = books.without(charge)
    verdict = _settle_verdict(verb, charge)
    return Decision(verdict, breaker=after), books


def _settle_verdict(verb: Verb, charge: Charge | None) -> Verdict:
    if verb is Verb.REPORT:
        return Verdict.NOTED
    if charge is None:
        return Verdict.LATE if verb is Verb.COMMIT else Verdict.ABSENT
    return Verdict.RELEASED if verb is Verb.RELEASE and charge.held else Verdict.COMMITTED


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of each window is used up; `kept` is what others' reserved shares still hold of the day."""

    run: int
    day: int
    week: int
    all_day: int
    all_week: int
    kept: int

    def left(self, context: QuotaContext) -> Remaining:
        """Return what is left of each window."""
        limits, totals = context.limits, context.totals
        return Remaining(
            run=max(0, limits.per_run - self.run),
            day=max(0, limits.per_day - self.day),
            week=max(0, limits.per_week - self.week),
            all_day=max(0, totals.per_day - self.all_day - self.kept),
            all_week=max(0, totals.per_week - self.all_week),
        )


def usage(books: QuotaState, context: QuotaContext, now: datetime) -> Usage:
    """Return how much of each window is used up."""
    today = local_day(now, context.zone).start
    week = [charge for charge in books.charges if now - charge.at < WEEK]
    by_day = Counter(charge.kind for charge in week if charge.at >= today)
    kept = (
        max(0, share - by_day[kind]) for kind, share in context.shares.items() if kind is not context.kind
    )
    in_run = (c for c in week if c.kind is context.kind and c.run_id == context.run_id and c.at >= today)
    return Usage(
        run=sum(1 for _ in in_run),
        day=by_day[context.kind],
        week=sum(charge.kind is context.kind for charge in week),
        all_day=by_day.total(),
        all_week=len(week),
        kept=sum(kept),
    )


def _closed_gates(
    books: QuotaState, context: QuotaContext, used: Usage, now: datetime
) -> list[tuple[Reason, datetime]]:
    """Return each gate that is closed and when it opens; of those that open last the first is the reason."""
    limits, totals, breaker = context.limits, context.totals, books.breaker(context.kind)
    tomorrow = local_day(now, context.zone).end
    opens = opening(now, limits.hours, context.zone).start
    gates: list[tuple[bool, Reason, Callable[[], datetime]]] = [
        (_is_after(context.paused_until, now), Reason.LIMIT_PAGE, lambda: context.paused_until or now),
        (opens > now, Reason.OUTSIDE_HOURS, lambda: opens),
        (_is_after(breaker.open_until, now), Reason.BREAKER_OPEN, lambda: breaker.open_until or now),
        (
            breaker.probe is not None and not _is_after(breaker.open_until, now),
            Reason.BREAKER_PROBE,
            lambda: _probe_ends_at(books, context.kind, now),
        ),
        (_is_after(books.gaps.get(context.kind), now), Reason.GAP, lambda: books.gaps[context.kind]),
        (used.run >= limits.per_run, Reason.RUN_LIMIT, lambda: tomorrow),
        (used.day >= limits.per_day, Reason.DAY_LIMIT, lambda: tomorrow),
        (
            used.week >= limits.per_week,
            Reason.WEEK_LIMIT,
            lambda: _week_frees_at(
                (c for c in books.charges if c.kind is context.kind), limits.per_week, now
            ),
        ),
        (used.all_day + used.kept >= totals.per_day, Reason.ALL_DAY_LIMIT, lambda: tomorrow),
        (
            used.all_week >= totals.per_week,
            Reason.ALL_WEEK_LIMIT,
            lambda: _week_frees_at(books.charges, totals.per_week, now),
        ),
    ]
    return [(reason, opens_at()) for closed, reason, opens_at in gates if closed]


def _is_after(instant: datetime | None, now: datetime) -> bool:
    return instant is not None and instant > now


def _probe_ends_at(books: QuotaState, kind: Kind, now: datetime) -> datetime:
    probe = books.find(kind, books.breaker(kind).probe or "")
    lapses = probe.lapses_at if probe else None
    return min(lapses or now + PROBE_WAIT, now + PROBE_WAIT)


def _week_frees_at(charges: Iterable[Charge], limit: int, now: datetime) -> datetime:
    """Return when the window has room: once all but limit - 1 of the newest charges have aged out."""
    if limit == 0:
        return now + WEEK
    newest = sorted((charge.at for charge in charges), reverse=True)
    return newest[limit - 1] + WEEK
