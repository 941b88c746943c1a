"""Helpers of the quota's tests: contexts, a movable clock, the rule as an engine, dumps of the keys."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest
import redis
from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.people.accounts import AccountRecord
from tasks.quota import Quota
from worker import clock
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import Kind
from worker.rules.quota import decision as rules
from worker.rules.quota.breaker import Breaker, Outcome
from worker.rules.quota.limits import Limits, Totals
from worker.rules.quota.model import Decision, QuotaContext, QuotaState, Verb, Verdict

NONE = timedelta(0)
LEASE = timedelta(minutes=5)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
NOON = datetime(2027, 6, 15, 12, tzinfo=UTC)
CLOCK = "clock"


class FixedJitter:
    """A source of jitter that always returns `jitter`."""

    jitter = 0.0

    def random(self) -> float:
        return self.jitter


class MovableClock:
    """The time of this process and of the script, which reads a key because Redis' own can't be moved.

    The rest of the script is the one that ships.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOON
        self._clients: list[redis.Redis] = []
        monkeypatch.setattr(clock, "now", lambda: self.now)
        source = redis_quota._SCRIPT.replace("redis.call('TIME')", f"redis.call('LRANGE', '{CLOCK}', 0, 1)")
        assert source != redis_quota._SCRIPT
        monkeypatch.setattr(redis_quota, "_SCRIPT", source)

    def add_server(self, client: redis.Redis) -> None:
        self._clients.append(client)
        self.move_to(self.now)

    def move_to(self, now: datetime) -> None:
        self.now = now
        seconds, ms = divmod(round(now.timestamp() * 1000), 1000)
        for client in self._clients:
            client.delete(CLOCK)
            client.rpush(CLOCK, seconds, ms * 1000)

    def move(self, by: timedelta) -> None:
        self.move_to(self.now + by)


class RuleEngine:
    """The rule alone, with its state in memory; the verbs of the script."""

    def __init__(self, time: MovableClock) -> None:
        self._time, self._state = time, QuotaState()

    def reserve(self, context: QuotaContext, reservation_id: str, *, lease: timedelta) -> Decision:
        gap = context.limits.gap_min
        return self._store(
            rules.reserve(self._state, context, reservation_id, gap=gap, lease=lease, now=self._time.now)
        )

    def remaining(self, context: QuotaContext) -> Decision:
        return rules.remaining(self._state, context, self._time.now)

    def start(self, context: QuotaContext, reservation_id: str) -> Decision:
        return self._store(rules.start(self._state, context, reservation_id, self._time.now))

    def settle(self, context: QuotaContext, verb: Verb, reservation_id: str, outcome: Outcome) -> Decision:
        now = self._time.now
        return self._store(rules.settle(self._state, context, verb, reservation_id, outcome=outcome, now=now))

    def reset_breaker(self, context: QuotaContext) -> Decision:
        return self._store((Decision(Verdict.NOTED), self._state.with_breaker(context.kind, Breaker())))

    def install(self, _: QuotaContext, state: QuotaState) -> Decision:
        return self._store((Decision(Verdict.NOTED), state))

    def _store(self, result: tuple[Decision, QuotaState]) -> Decision:
        decision, self._state = result
        return decision


Engine: TypeAlias = RedisQuota | RuleEngine


def a_context(
    account_id: int = 1,
    *,
    run: int = 1000,
    day: int = 1000,
    week: int = 1000,
    gap: timedelta = NONE,
    gap_max: timedelta | None = None,
    run_id: str = "run",
    kind: Kind = Kind.GREET,
    zone: str = "UTC",
    epoch: int = 1,
) -> QuotaContext:
    limits = Limits(run, day, week, gap, gap if gap_max is None else gap_max)
    return QuotaContext(account_id, ZoneInfo(zone), kind, run_id, limits, Totals(10_000, 10_000), {}, epoch)


def install_state(quota: Engine, context: QuotaContext, state: QuotaState | None = None) -> QuotaContext:
    """Install `state`, or empty counters, for the account; return the context."""
    quota.install(context, state or QuotaState())
    return context


def text_client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True)


def dump_keys(client: redis.Redis) -> Mapping[str, tuple[Any, int]]:
    """Return every key of the quota with its value and its time to live, in seconds."""
    return {str(key): (client.dump(key), client.ttl(key)) for key in client.keys("rapport:quota:*")}


def fail(engine: Engine, context: QuotaContext, name: str, verb: Verb = Verb.RELEASE) -> Breaker:
    """Settle a reservation as a fault of the site; return the breaker after it."""
    return engine.settle(context, verb, name, Outcome.FAILURE).breaker


def used_today(quota: Quota, account: AccountRecord, kind: Kind = Kind.GREET) -> int:
    """Return the units of the day that the deciding engine counts as used."""
    context, decision = quota.remaining(account.id, kind, "")
    assert decision.remaining is not None
    return context.limits.per_day - decision.remaining.day


def flush(redis_url: str) -> None:
    """Let Redis lose everything."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()


def is_current_epoch(session: Session, account_id: int, epoch: int) -> bool:
    """Ask as the intent does; nobody raises the epoch until the transaction ends."""
    asked = {"account_id": account_id, "locks_epoch": True}
    return bool(session.scalar(load_query("current_epoch"), asked) == epoch)
