"""Both engines against a naive model, over generated histories: the same answers, step by step."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete

from db.engine import Database
from db.store.people import accounts
from db.store.quota import epochs
from db.store.quota.fallback import Fallback
from db.tables import Account
from tests.quota.helpers import FixedJitter, MovableClock
from tests.quota.naive_model import Entry, NaiveBreaker, NaiveQuota
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import Kind
from worker.rules.quota.breaker import Outcome
from worker.rules.quota.limits import Limits, Totals, draw_gap
from worker.rules.quota.model import Decision, QuotaContext, QuotaState, Remaining, Verb, Verdict
from worker.rules.quota.windows import Hours
from worker.servers import redis_address

HOUR = timedelta(hours=1)
NAMES = st.sampled_from([f"action-{n}:1" for n in range(12)])
KINDS = st.sampled_from(list(Kind))
RUNS = st.sampled_from(["one", "two"])
ZONES = st.sampled_from(
    ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Chatham", "UTC"]
)
# hours around the clock changes of these zones, in both directions, and usual days
BEGINNINGS = st.builds(
    lambda day, hour: datetime.fromisoformat(f"{day}T00:00+00:00") + timedelta(hours=hour),
    st.sampled_from(
        ["2027-03-14", "2027-03-28", "2027-04-04", "2027-04-30", "2027-06-15", "2027-10-03", "2027-10-28",
         "2027-10-31", "2027-11-07"]
    ),
    st.integers(-30, 30),
)  # fmt: skip
HOURS = st.sampled_from([
    Hours(), Hours(), Hours(7 * HOUR, 19 * HOUR), Hours(HOUR * 2.25, HOUR * 2.75), Hours(HOUR, HOUR * 3),
    Hours(days=frozenset({0, 6})),
])  # fmt: skip
LIMITS = st.builds(
    lambda run, day, more, gap, wider, hours, share: Limits(
        run, day, day + more, gap * HOUR, (gap + wider) * HOUR, hours, min(share, day)
    ),
    st.integers(0, 4),
    st.integers(0, 5),
    st.integers(0, 4),
    st.sampled_from([0, 0, 0, 0.01, 2]),
    st.sampled_from([0, 1]),
    HOURS,
    st.integers(0, 3),
)
TOTALS = st.builds(lambda day, more: Totals(day, day + more), st.integers(0, 8), st.integers(0, 8))
PASSING = st.one_of(
    st.sampled_from([timedelta(milliseconds=1), timedelta(minutes=1), HOUR, 24 * HOUR, 168 * HOUR]),
    st.timedeltas(timedelta(milliseconds=1), timedelta(days=2)).map(
        lambda d: timedelta(milliseconds=d // timedelta(milliseconds=1))
    ),
)
LEASES = st.sampled_from([timedelta(seconds=30), HOUR, 30 * HOUR])


class Engine(Protocol):
    account_id: int
    epoch: int

    def ask(self, verb: str, *arguments: Any, **more: Any) -> Decision: ...
    def reconnect(self) -> None: ...


class Script:
    """quota.lua on a real server."""

    account_id, epoch = 1, 1

    def __init__(self, url: str, drawn: FixedJitter) -> None:
        self._url, self._drawn = url, drawn
        self.reconnect()

    def reconnect(self) -> None:
        """Use new connections and no cached state, as after a worker's restart."""
        self._redis_quota = RedisQuota(redis_quota.connect(redis_address.parse(self._url)), draw=self._drawn)  # type: ignore[arg-type]  # says what it is told

    def ask(self, verb: str, *arguments: Any, **more: Any) -> Decision:
        answer: Decision = getattr(self._redis_quota, verb)(*arguments, **more)
        return answer


class InPostgres:
    """The fallback on a real Postgres, each verb in a transaction of its own."""

    def __init__(self, database: Database, drawn: FixedJitter, time: MovableClock) -> None:
        self._database, self._drawn, self._time = database, drawn, time
        with database.transaction() as session:
            session.execute(delete(Account))
            self.account_id = accounts.add_account(session, name="a", site="sandbox", zone=ZoneInfo("UTC")).id
            self.epoch = epochs.raise_epoch(session, self.account_id, seen=0) or 0

    def reconnect(self) -> None:
        self._database.engine.dispose()

    def ask(self, verb: str, *arguments: Any, **more: Any) -> Decision:
        with self._database.transaction() as session:
            engine = Fallback(session, now=self._time.now, draw=self._drawn)  # type: ignore[arg-type]  # as above
            answer: Decision = getattr(engine, verb)(*arguments, **more)
        return answer


class QuotaMachine(RuleBasedStateMachine):
    time: ClassVar[MovableClock]
    make_engine: ClassVar[Any]

    @initialize(begin=BEGINNINGS, zone=ZONES, limits=st.tuples(*[LIMITS for _ in Kind]), totals=TOTALS)
    def begin(self, begin: datetime, zone: str, limits: tuple[Limits, ...], totals: Totals) -> None:
        self.drawn = FixedJitter()
        self.time.move_to(begin)
        self.engine: Engine = self.make_engine(self.drawn)
        self.zone, self.model, self.totals = ZoneInfo(zone), NaiveQuota(), totals
        self.limits = dict(zip(Kind, limits, strict=True))
        self.paused: datetime | None = None
        assert self.engine.ask("install", self.context(Kind.GREET), QuotaState()).verdict is Verdict.NOTED

    def context(self, kind: Kind, run: str = "one") -> QuotaContext:
        shares = {each: limits.reserved_per_day for each, limits in self.limits.items()}
        return QuotaContext(
            self.engine.account_id, self.zone, kind, run, self.limits[kind], self.totals, shares,
            self.engine.epoch, self.paused,
        )  # fmt: skip

    def day_of(self, instant: datetime) -> date:
        return instant.astimezone(self.zone).date()

    def assert_breaker(self, decision: Decision, kind: Kind) -> None:
        breaker = self.model.breaker(kind)
        actual = decision.breaker
        assert (actual.failures, actual.openings, actual.open_until) == (
            breaker.failures,
            breaker.openings,
            breaker.until,
        )

    def assert_windows(self, decision: Decision, context: QuotaContext, *, verdict: Verdict) -> None:
        closed = (
            list(self.model.closed_gates(context, self.time.now)) if verdict is not Verdict.REPLAY else []
        )
        last = max((when for _, when in closed), default=None)
        first = next((reason for reason, when in closed if when == last), None)
        assert decision.verdict is verdict
        assert (decision.reason, decision.retry_at) == (first, last)
        assert decision.remaining == Remaining(*self.model.left(context, self.time.now))
        self.assert_breaker(decision, context.kind)

    @rule(kind=KINDS, limits=LIMITS)
    def change_the_limits(self, kind: Kind, limits: Limits) -> None:
        self.limits[kind] = limits

    @rule(totals=TOTALS)
    def change_the_totals(self, totals: Totals) -> None:
        self.totals = totals

    @rule(hours=st.integers(-1, 30))
    def pause(self, hours: int) -> None:
        self.paused = self.time.now + hours * HOUR

    @rule(by=PASSING)
    def time_passes(self, by: timedelta) -> None:
        self.time.move(by)

    @rule()
    def restart(self) -> None:
        self.engine.reconnect()

    @rule(kind=KINDS, run=RUNS, name=NAMES, jitter=st.floats(0, 0.999), lease=LEASES)
    def reserve(self, kind: Kind, run: str, name: str, jitter: float, lease: timedelta) -> None:
        now, context, model = self.time.now, self.context(kind, run), self.model
        self.drawn.jitter = jitter
        decision = self.engine.ask("reserve", context, name, lease=lease)
        model.expire(now)
        known = model.find(kind, name, now)
        if known is not None and now - known.at < timedelta(days=7):
            self.assert_windows(decision, context, verdict=Verdict.REPLAY)
        elif list(model.closed_gates(context, now)):
            self.assert_windows(decision, context, verdict=Verdict.DENIED)
        else:
            model.entries = [e for e in model.entries if (e.kind, e.name) != (kind, name)]
            model.entries.append(Entry(kind, name, now, run, lapses=now + lease))
            model.gaps[kind] = now + draw_gap(context.limits, jitter)
            if model.breaker(kind).until is not None:
                model.breaker(kind).probe = name
            assert decision.verdict is Verdict.GRANTED
            gap_over = model.gaps[kind] if model.gaps[kind] > now else None
            assert (decision.reason, decision.retry_at) == (None, gap_over)
            assert decision.remaining == Remaining(*model.left(context, now))
            self.assert_breaker(decision, kind)

    @rule(kind=KINDS, run=RUNS)
    def remaining(self, kind: Kind, run: str) -> None:
        decision = self.engine.ask("remaining", self.context(kind, run))
        self.model.expire(self.time.now)
        self.assert_windows(decision, self.context(kind, run), verdict=Verdict.REMAINING)

    @rule(kind=KINDS, name=NAMES)
    def start(self, kind: Kind, name: str) -> None:
        decision = self.engine.ask("start", self.context(kind), name)
        self.model.expire(self.time.now)
        entry = self.model.find(kind, name, self.time.now)
        is_held = entry is not None and entry.open and self.day_of(entry.at) == self.day_of(self.time.now)
        assert decision.verdict is (Verdict.STARTED if is_held else Verdict.ABSENT)
        if entry is not None and is_held:
            entry.at, entry.lapses = self.time.now, None
        self.assert_breaker(decision, kind)

    @rule(kind=KINDS, run=RUNS, name=NAMES, verb=st.sampled_from(Verb), outcome=st.sampled_from(Outcome))
    def settle(self, kind: Kind, run: str, name: str, verb: Verb, outcome: Outcome) -> None:
        now, model = self.time.now, self.model
        decision = self.engine.ask("settle", self.context(kind, run), verb, name, outcome)
        model.expire(now)
        entry = model.find(kind, name, now)
        model.record_outcome(kind, name, outcome, now)
        if verb is not Verb.REPORT and model.breaker(kind).probe == name:
            model.breaker(kind).probe = None
        assert decision.verdict is self.expected_verdict(verb, entry)
        if verb is Verb.RELEASE and entry is not None and entry.open:
            model.entries.remove(entry)
        elif verb is Verb.COMMIT and entry is not None:
            entry.open, entry.lapses = False, None
        elif verb is Verb.COMMIT:
            model.entries = [e for e in model.entries if (e.kind, e.name) != (kind, name)]
            model.entries.append(Entry(kind, name, now, run, open=False))
        self.assert_breaker(decision, kind)

    @staticmethod
    def expected_verdict(verb: Verb, entry: Entry | None) -> Verdict:
        if verb is Verb.REPORT:
            return Verdict.NOTED
        if verb is Verb.COMMIT:
            return Verdict.LATE if entry is None else Verdict.COMMITTED
        if entry is None:
            return Verdict.ABSENT
        return Verdict.RELEASED if entry.open else Verdict.COMMITTED

    @rule(kind=KINDS)
    def reset(self, kind: Kind) -> None:
        assert self.engine.ask("reset_breaker", self.context(kind)).verdict is Verdict.NOTED
        self.model.expire(self.time.now)
        self.model.breakers[kind] = NaiveBreaker()

    @rule()
    def another_epoch(self) -> None:
        stale = replace(self.context(Kind.GREET), epoch=self.engine.epoch + 1)
        assert self.engine.ask("remaining", stale).verdict is Verdict.COLD


@contextmanager
def machine_for(time: MovableClock, make_engine: Any) -> Iterator[type[QuotaMachine]]:
    QuotaMachine.time, QuotaMachine.make_engine = time, staticmethod(make_engine)
    yield QuotaMachine
    del QuotaMachine.time, QuotaMachine.make_engine


def run_machine(machine: type[QuotaMachine], *, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, suppress_health_check=list(HealthCheck)
        ),
    )


SOME_OR_MANY = pytest.mark.parametrize("examples", [25, pytest.param(400, marks=pytest.mark.soak)])


@SOME_OR_MANY
def test_the_script_does_what_the_model_says(
    quota_url: str, raw: redis.Redis, time: MovableClock, examples: int
) -> None:
    class WithKeys(QuotaMachine):
        @invariant()
        def every_key_goes_away_by_itself(self) -> None:
            assert all(raw.pttl(key) > 0 for key in raw.keys("rapport:quota:*"))

    with machine_for(time, lambda drawn: Script(quota_url, drawn)):
        run_machine(WithKeys, examples=examples, steps=50)


@SOME_OR_MANY
def test_the_fallback_does_what_the_model_says(database: Database, time: MovableClock, examples: int) -> None:
    with machine_for(time, lambda drawn: InPostgres(database, drawn, time)) as machine:
        run_machine(machine, examples=examples // 3, steps=40)
