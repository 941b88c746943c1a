"""What the quota's tests share: purses, a clock that can be moved, and a look at all that is stored."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest
import redis

from worker import clock
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import Kind
from worker.rules.quota import decision as rules
from worker.rules.quota.breaker import Breaker, Outcome
from worker.rules.quota.decision import Decision, QuotaContext, QuotaState, Verb, Verdict
from worker.rules.quota.limits import Limits, Totals

NONE = timedelta(0)
LEASE = timedelta(minutes=5)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
NOON = datetime(2027, 6, 15, 12, tzinfo=UTC)
CLOCK = "clock"


class Drawn:
    """A source of jitter that says what it is told to say."""

    jitter = 0.0

    def random(self) -> float:
        return self.jitter


class MovableClock:
    """Time as the script and this process see it. Redis' own can't be moved, so the script reads this one.

    Everything else of the script is what ships.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOON
        self._clients: list[redis.Redis] = []
        monkeypatch.setattr(clock, "now", lambda: self.now)
        source = redis_quota._SCRIPT.replace("redis.call('TIME')", f"redis.call('LRANGE', '{CLOCK}', 0, 1)")
        assert source != redis_quota._SCRIPT
        monkeypatch.setattr(redis_quota, "_SCRIPT", source)

    def drive(self, client: redis.Redis) -> None:
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


class Ruled:
    """The rule alone, with its books in memory: the same verbs as the script."""

    def __init__(self, time: MovableClock) -> None:
        self._time, self._books = time, QuotaState()

    def reserve(self, context: QuotaContext, reservation_id: str, *, lease: timedelta) -> Decision:
        gap = context.limits.gap_min
        return self._kept(
            rules.reserve(self._books, context, reservation_id, gap=gap, lease=lease, now=self._time.now)
        )

    def remaining(self, context: QuotaContext) -> Decision:
        return rules.remaining(self._books, context, self._time.now)

    def start(self, context: QuotaContext, reservation_id: str) -> Decision:
        return self._kept(rules.start(self._books, context, reservation_id, self._time.now))

    def settle(self, context: QuotaContext, verb: Verb, reservation_id: str, outcome: Outcome) -> Decision:
        now = self._time.now
        return self._kept(rules.settle(self._books, context, verb, reservation_id, outcome=outcome, now=now))

    def reset_breaker(self, context: QuotaContext) -> Decision:
        return self._kept((Decision(Verdict.NOTED), self._books.with_breaker(context.kind, Breaker())))

    def install(self, _: QuotaContext, books: QuotaState) -> Decision:
        return self._kept((Decision(Verdict.NOTED), books))

    def _kept(self, decided: tuple[Decision, QuotaState]) -> Decision:
        decision, self._books = decided
        return decision


Engine: TypeAlias = RedisQuota | Ruled


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


def whole(quota: Engine, context: QuotaContext, books: QuotaState | None = None) -> QuotaContext:
    """Let the account's counters begin whole: empty, or with what is in `books`."""
    quota.install(context, books or QuotaState())
    return context


def text_client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True)


def stored(client: redis.Redis) -> Mapping[str, tuple[Any, int]]:
    """Every key of the quota with its value and when it expires, in seconds."""
    return {str(key): (client.dump(key), client.ttl(key)) for key in client.keys("rapport:quota:*")}
