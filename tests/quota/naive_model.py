"""A naive model of the quota: a list of charges and some dates, counted the slow way."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota import breaker as rules
from worker.rules.quota.model import QuotaContext
from worker.rules.quota.windows import local_day, opening

WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)


@dataclass
class Entry:
    kind: Kind
    name: str
    at: datetime
    run: str | None
    open: bool = True
    lapses: datetime | None = None


@dataclass
class NaiveBreaker:
    failures: int = 0
    openings: int = 0
    until: datetime | None = None
    probe: str | None = None


@dataclass
class NaiveQuota:
    """One account."""

    entries: list[Entry] = field(default_factory=list)
    gaps: dict[Kind, datetime] = field(default_factory=dict)
    breakers: dict[Kind, NaiveBreaker] = field(default_factory=dict)

    def breaker(self, kind: Kind) -> NaiveBreaker:
        return self.breakers.setdefault(kind, NaiveBreaker())

    def expire(self, now: datetime) -> None:
        """Remove what has expired."""
        for entry in list(self.entries):
            if entry.lapses is not None and entry.lapses <= now:
                self.entries.remove(entry)
                if self.breaker(entry.kind).probe == entry.name:
                    self.breaker(entry.kind).probe = None

    def find(self, kind: Kind, name: str, now: datetime) -> Entry | None:
        for entry in self.entries:
            if (entry.kind, entry.name) == (kind, name) and (entry.open or now - entry.at < WEEK):
                return entry
        return None

    def within_week(self, now: datetime) -> list[Entry]:
        return [entry for entry in self.entries if now - entry.at < WEEK]

    def left(self, context: QuotaContext, now: datetime) -> tuple[int, int, int, int, int]:
        today = now.astimezone(context.zone).date()
        week = self.within_week(now)
        day = [entry for entry in week if entry.at.astimezone(context.zone).date() == today]
        kept = 0
        for kind, share in context.shares.items():
            if kind is not context.kind:
                kept += max(0, share - len([entry for entry in day if entry.kind is kind]))
        own_day = [entry for entry in day if entry.kind is context.kind]
        own_run = [entry for entry in own_day if entry.run == context.run_id]
        own_week = [entry for entry in week if entry.kind is context.kind]
        limits, totals = context.limits, context.totals
        used = (
            (limits.per_run, len(own_run)),
            (limits.per_day, len(own_day)),
            (limits.per_week, len(own_week)),
            (totals.per_day, len(day) + kept),
            (totals.per_week, len(week)),
        )
        run, in_day, in_week, all_day, all_week = (max(0, limit - count) for limit, count in used)
        return run, in_day, in_week, all_day, all_week

    def closed_gates(self, context: QuotaContext, now: datetime) -> Iterator[tuple[Reason, datetime]]:
        """Yield every closed gate, and when it opens."""
        midnight = local_day(now, context.zone).end
        run, day, week, all_day, all_week = self.left(context, now)
        if context.paused_until is not None and context.paused_until > now:
            yield Reason.LIMIT_PAGE, context.paused_until
        opens = opening(now, context.limits.hours, context.zone).start
        if opens > now:
            yield Reason.OUTSIDE_HOURS, opens
        yield from self.breaker_gates(context.kind, now)
        if context.kind in self.gaps and self.gaps[context.kind] > now:
            yield Reason.GAP, self.gaps[context.kind]
        if not run:
            yield Reason.RUN_LIMIT, midnight
        if not day:
            yield Reason.DAY_LIMIT, midnight
        if not week:
            own = [entry for entry in self.within_week(now) if entry.kind is context.kind]
            yield Reason.WEEK_LIMIT, self.room_at(own, context.limits.per_week, now)
        if not all_day:
            yield Reason.ALL_DAY_LIMIT, midnight
        if not all_week:
            yield Reason.ALL_WEEK_LIMIT, self.room_at(self.within_week(now), context.totals.per_week, now)

    def breaker_gates(self, kind: Kind, now: datetime) -> Iterator[tuple[Reason, datetime]]:
        """Yield the breaker's gate if it is open, or half-open with its probe under way."""
        breaker = self.breaker(kind)
        if breaker.until is not None and breaker.until > now:
            yield Reason.BREAKER_OPEN, breaker.until
        elif breaker.probe is not None:
            probe = self.find(kind, breaker.probe, now)
            over = probe.lapses if probe is not None else None
            yield Reason.BREAKER_PROBE, min(over or now + MINUTE, now + MINUTE)

    @staticmethod
    def room_at(entries: list[Entry], limit: int, now: datetime) -> datetime:
        """Try every instant at which a charge leaves the window."""
        for then in sorted(entry.at + WEEK for entry in entries):
            if len([entry for entry in entries if then - entry.at < WEEK]) < limit:
                return then
        return now + WEEK

    def record_outcome(self, kind: Kind, name: str, outcome: rules.Outcome, now: datetime) -> None:
        """Tell the breaker an outcome; while it is open, only its probe's counts."""
        breaker = self.breaker(kind)
        is_probe = breaker.probe == name
        if outcome is rules.Outcome.NONE or (breaker.until is not None and not is_probe):
            return
        if outcome is rules.Outcome.SUCCESS:
            self.breakers[kind] = NaiveBreaker()
            return
        breaker.failures += 1
        if is_probe or breaker.failures >= rules.THRESHOLD:
            wait = rules.FIRST_WAIT
            for _ in range(breaker.openings):
                wait = min(2 * wait, rules.LONGEST_WAIT)
            breaker.openings, breaker.until, breaker.probe = breaker.openings + 1, now + wait, None
