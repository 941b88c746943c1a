"""The script against a plain model of it, over whatever Hypothesis thinks of.

Redis' clock can't be moved, so "time passes" moves what is stored into the past, in Redis and in the model.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.quota.purses import DAY_MS, WEEK_MS, a_purse, age, midday_zone, stored, text_client
from worker.quota import guard
from worker.quota.guard import Decision, Guard, Purse, Remaining, Verdict
from worker.rules.model import Kind
from worker.rules.windows import Limits, local_day

IDS = st.sampled_from([f"id-{n}" for n in range(12)])
RUNS = st.sampled_from(["one", "two"])
PURSES = st.sampled_from([(1, Kind.GREET), (1, Kind.VISIT), (2, Kind.GREET)])
LIMITS = st.builds(
    lambda run, day, more, gap, wider: Limits(
        run, day, day + more, timedelta(milliseconds=gap), timedelta(milliseconds=gap + wider)
    ),
    st.integers(0, 4),
    st.integers(0, 5),
    st.integers(0, 3),
    st.sampled_from([0, 0, 60_000, 7_200_000]),
    st.sampled_from([0, 3_600_000]),
)
PASSING_MS = st.one_of(
    st.sampled_from([1, 60_000, 3_600_000, DAY_MS, WEEK_MS - 1, WEEK_MS]), st.integers(1, WEEK_MS)
)


@dataclass
class Book:
    """One account and kind in plain words: who was charged when, by which run, and when the gap is over."""

    charged: dict[str, int] = field(default_factory=dict)
    runs: dict[str, set[str]] = field(default_factory=dict)
    opens: int = 0

    def used(self, run: str, day_start: int, now: int) -> tuple[int, int, int]:
        return (
            len(self.runs.get(run, ())),
            sum(at >= day_start for at in self.charged.values()),
            sum(now - at < WEEK_MS for at in self.charged.values()),
        )

    def closed_until(
        self, limits: Limits, run: str, day_start: int, day_end: int, now: int
    ) -> dict[str, int]:
        in_run, in_day, in_week = self.used(run, day_start, now)
        closed = {}
        if self.opens > now:
            closed["gap"] = self.opens
        if in_run >= limits.per_run:
            closed["run_limit"] = day_end
        if in_day >= limits.per_day:
            closed["day_limit"] = day_end
        if in_week >= limits.per_week:
            # try every instant at which something ages out, the plain way
            instants = sorted(at + WEEK_MS for at in self.charged.values() if now - at < WEEK_MS)
            fitting = [
                then
                for then in instants
                if sum(then - at < WEEK_MS for at in self.charged.values()) < limits.per_week
            ]
            closed["week_limit"] = fitting[0] if fitting else now + WEEK_MS
        return closed


class QuotaMachine(RuleBasedStateMachine):
    url = ""

    @initialize(seed=st.integers())
    def begin(self, seed: int) -> None:
        self.raw: redis.Redis = text_client(self.url)
        self.raw.flushall()
        self.client = guard.connect(self.url)
        self.quota = Guard(self.client, draw=random.Random(seed))
        self.zone = midday_zone()
        self.books: dict[tuple[int, Kind], Book] = {}
        self.passed_ms = 0
        self.limits = Limits(3, 4, 6, timedelta(0), timedelta(0))
        script = self.quota._script

        def noted(keys: list[str], args: list[Any]) -> Any:
            answer = script(keys=keys, args=args)
            self.now, self.gap = int(answer[3]), int(args[7])
            return answer

        self.quota._script = noted  # type: ignore[assignment]

    def teardown(self) -> None:
        if hasattr(self, "client"):
            self.client.close()
            self.raw.close()

    def purse(self, whose: tuple[int, Kind], run: str) -> tuple[Purse, Book]:
        account_id, kind = whose
        purse = replace(a_purse(account_id, kind=kind, run_id=run, zone=self.zone), limits=self.limits)
        return purse, self.books.setdefault(whose, Book())

    def left(self, used: tuple[int, int, int]) -> Remaining:
        limits = (self.limits.per_run, self.limits.per_day, self.limits.per_week)
        return Remaining(*(max(0, limit - n) for limit, n in zip(limits, used, strict=True)))

    def day(self) -> tuple[int, int]:
        day = local_day(datetime.fromtimestamp(self.now / 1000, tz=UTC), self.zone)
        return int(day.start.timestamp() * 1000), int(day.end.timestamp() * 1000)

    @rule(limits=LIMITS)
    def change_the_limits(self, limits: Limits) -> None:
        self.limits = limits

    @rule(by_ms=PASSING_MS)
    def time_passes(self, by_ms: int) -> None:
        age(self.raw, by_ms)
        days_before, self.passed_ms = self.passed_ms // DAY_MS, self.passed_ms + by_ms
        if self.passed_ms // DAY_MS > days_before:
            # A run is of one day: what it has charged is never a week old while it is counted.
            for key in self.raw.keys("*:run:*"):
                self.raw.delete(key)
            for book in self.books.values():
                book.runs.clear()
        for book in self.books.values():
            book.charged = {name: at - by_ms for name, at in book.charged.items()}
            book.opens -= by_ms

    @rule(whose=PURSES, run=RUNS, name=IDS)
    def reserve(self, whose: tuple[int, Kind], run: str, name: str) -> None:
        purse, book = self.purse(whose, run)
        before = stored(self.url)
        decision = self.quota.reserve(purse, name)
        day_start, day_end = self.day()
        if name in book.charged:
            assert decision == Decision(Verdict.REPLAY, self.left(book.used(run, day_start, self.now)))
            assert stored(self.url) == before
        elif closed := book.closed_until(self.limits, run, day_start, day_end, self.now):
            assert decision.verdict is Verdict.DENIED
            assert decision.reason is not None
            assert decision.retry_at is not None
            assert round(decision.retry_at.timestamp() * 1000) == max(closed.values())
            assert closed[decision.reason] == max(closed.values())
            assert decision.remaining == self.left(book.used(run, day_start, self.now))
            assert stored(self.url) == before
        else:
            book.charged = {n: at for n, at in book.charged.items() if self.now - at < WEEK_MS}
            book.charged[name] = self.now
            book.runs.setdefault(run, set()).add(name)
            book.opens = self.now + self.gap
            assert decision == Decision(Verdict.GRANTED, self.left(book.used(run, day_start, self.now)))

    @rule(whose=PURSES, run=RUNS, name=IDS)
    def release(self, whose: tuple[int, Kind], run: str, name: str) -> None:
        purse, book = self.purse(whose, run)
        held = book.charged.pop(name, None) is not None
        book.runs.get(run, set()).discard(name)
        assert self.quota.release(purse, name).verdict is (Verdict.RELEASED if held else Verdict.ABSENT)

    @rule(whose=PURSES, run=RUNS)
    def remaining(self, whose: tuple[int, Kind], run: str) -> None:
        purse, book = self.purse(whose, run)
        before = stored(self.url)
        left = self.quota.remaining(purse)
        assert left == self.left(book.used(run, self.day()[0], self.now))
        assert stored(self.url) == before

    @invariant()
    def every_key_goes_away_by_itself(self) -> None:
        if hasattr(self, "raw"):
            assert all(self.raw.pttl(key) > 0 for key in self.raw.keys("*"))


@pytest.fixture
def machine(quota_url: str) -> Iterator[type[QuotaMachine]]:
    QuotaMachine.url = quota_url
    yield QuotaMachine
    QuotaMachine.url = ""


def test_the_script_does_what_the_model_says(machine: type[QuotaMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=50,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        ),
    )
