"""What the script writes and reads, call by call; tests/quota/test_model.py checks its answers."""

from dataclasses import replace
from datetime import timedelta

import pytest
import redis
from redis.crc import key_slot

from tests.quota.helpers import (
    DAY,
    LEASE,
    NOON,
    WEEK,
    FixedJitter,
    MovableClock,
    a_context,
    dump_keys,
    install_state,
    text_client,
)
from worker.errors import Reason
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import Kind
from worker.rules.quota.breaker import Outcome
from worker.rules.quota.model import Charge, QuotaState, Remaining, Verb, Verdict
from worker.rules.quota.windows import Hours
from worker.servers import redis_address

HOUR = timedelta(hours=1)


def test_a_limit_raised_in_mid_day_frees_exactly_the_difference(timed: RedisQuota) -> None:
    context = install_state(timed, a_context(day=5, week=9))
    assert [timed.reserve(context, f"{n}", lease=LEASE).granted for n in range(8)].count(True) == 5
    raised = a_context(day=6, week=9)
    assert [timed.reserve(raised, f"more-{n}", lease=LEASE).granted for n in range(3)] == [True, False, False]


def test_a_refusal_of_one_window_charges_no_other(timed: RedisQuota) -> None:
    context = install_state(timed, a_context(run=2, day=5, week=9))
    for number in range(6):
        timed.reserve(context, f"{number}", lease=LEASE)
    assert timed.remaining(context).remaining == Remaining(0, 3, 7, 9998, 9998)


def test_no_168_hours_hold_more_than_the_week(timed: RedisQuota, time: MovableClock) -> None:
    context = install_state(timed, a_context(day=10, week=10))
    granted = []
    for number in range(150):
        if timed.reserve(context, f"{number}", lease=LEASE).granted:
            granted.append(time.now)
            timed.settle(context, Verb.COMMIT, f"{number}", Outcome.SUCCESS)
        time.move(timedelta(hours=3.3))
    assert len(granted) > 20
    assert all(sum(at <= other < at + WEEK for other in granted) <= 10 for at in granted)


def test_a_reservation_lapses_and_one_that_acts_does_not(timed: RedisQuota, time: MovableClock) -> None:
    context = install_state(timed, a_context(day=5))
    for name in ("idle", "acting"):
        timed.reserve(context, name, lease=LEASE)
    assert timed.start(context, "acting").verdict is Verdict.STARTED
    time.move(LEASE)
    assert timed.remaining(context).remaining == Remaining(999, 4, 999, 9999, 9999)
    assert timed.start(context, "idle").verdict is Verdict.ABSENT
    assert timed.settle(context, Verb.COMMIT, "idle", Outcome.NONE).verdict is Verdict.LATE
    assert timed.settle(context, Verb.RELEASE, "acting", Outcome.NONE).verdict is Verdict.RELEASED
    assert timed.remaining(context).remaining == Remaining(999, 4, 999, 9999, 9999)


def test_a_denial_changes_nothing(timed: RedisQuota, raw: redis.Redis) -> None:
    context = install_state(timed, a_context(day=1, gap=HOUR))
    timed.reserve(context, "a", lease=LEASE)
    before = dump_keys(raw)
    for number in range(3):
        assert timed.reserve(context, f"more-{number}", lease=LEASE).verdict is Verdict.DENIED
    assert {key: value for key, (value, _) in dump_keys(raw).items()} == {
        k: v for k, (v, _) in before.items()
    }


def test_asking_again_does_not_draw_the_gap_again(timed: RedisQuota, time: MovableClock) -> None:
    context = install_state(timed, a_context(gap=HOUR, gap_max=3 * HOUR))
    timed.reserve(context, "a", lease=LEASE)
    first = timed.reserve(context, "b", lease=LEASE)
    assert first.reason is Reason.GAP
    assert {timed.reserve(context, "b", lease=LEASE).retry_at for _ in range(5)} == {first.retry_at}
    assert first.retry_at is not None
    time.move_to(first.retry_at)
    assert timed.reserve(context, "b", lease=LEASE).granted


def test_the_gap_is_drawn_with_the_jitter_of_each_grant(quota_url: str, time: MovableClock) -> None:
    drawn = FixedJitter()
    jittered = RedisQuota(redis_quota.connect(redis_address.parse(quota_url)), draw=drawn)  # type: ignore[arg-type]  # says what it is told
    context = install_state(jittered, a_context(gap=HOUR, gap_max=3 * HOUR))
    for jitter in (0.25, 0.5):
        drawn.jitter = jitter
        assert jittered.reserve(context, f"{jitter}", lease=LEASE).granted
        until = jittered.remaining(context).retry_at
        assert until == time.now + (1 + 2 * jitter) * HOUR
        time.move_to(until)


def test_every_key_outlives_its_windows_and_then_goes_away(quota: RedisQuota, raw: redis.Redis) -> None:
    context = install_state(quota, a_context())
    for number in range(3):
        quota.reserve(context, f"{number}", lease=LEASE)
        quota.settle(context, Verb.RELEASE, f"{number}", Outcome.NONE)
    quota.reserve(context, "kept", lease=LEASE)
    for kind in (Kind.GREET, Kind.VISIT, Kind.COLLECT):
        if kind is Kind.VISIT:
            quota.reserve(replace(context, kind=kind), "first of its kind", lease=LEASE)
        elif kind is Kind.COLLECT:
            quota.settle(replace(context, kind=kind), Verb.COMMIT, "late", Outcome.NONE)
        kept = {key: timedelta(seconds=ttl) for key, (_, ttl) in dump_keys(raw).items()}
        assert any(key.endswith(kind) for key in kept)
        assert all(WEEK + DAY <= left <= WEEK + 2 * DAY for left in kept.values())


def test_charges_and_runs_that_no_window_counts_are_dropped(
    timed: RedisQuota, raw: redis.Redis, time: MovableClock
) -> None:
    context = install_state(timed, a_context())
    for number in range(20):
        timed.reserve(context, f"{number}", lease=LEASE)
        timed.settle(context, Verb.COMMIT, f"{number}", Outcome.SUCCESS)
        time.move(DAY)
    (log,) = raw.keys("*:greet")
    (state,) = raw.keys("*:state")
    assert 7 <= raw.zcard(log) <= 8
    fields = [str(field) for field in raw.hkeys(state)]
    assert sum(field.startswith("run|") for field in fields) == 1
    assert not [field for field in fields if field.startswith("lease|")]


def test_upkeep_within_the_day_leaves_the_run_s_count_alone(timed: RedisQuota, time: MovableClock) -> None:
    context = install_state(timed, a_context())
    for name in ("a", "b"):
        timed.settle(context, Verb.COMMIT, name, Outcome.NONE)
    assert timed.remaining(context).remaining == Remaining(998, 998, 998, 9998, 9998)


@pytest.mark.parametrize("off", [-DAY, DAY, -2000 * DAY])
def test_a_caller_s_clock_that_is_off_by_a_day_is_put_right(
    timed: RedisQuota, time: MovableClock, off: timedelta
) -> None:
    context = install_state(timed, a_context(run=2, day=2))
    timed.reserve(context, "a", lease=LEASE)
    time.now = NOON + off  # the caller's; the server's stays
    timed.settle(context, Verb.COMMIT, "late", Outcome.NONE)
    denied = timed.reserve(context, "c", lease=LEASE)
    assert (denied.reason, denied.retry_at) == (Reason.RUN_LIMIT, NOON + DAY / 2)


def test_at_midnight_and_at_closing_time_a_clock_that_is_behind_is_put_right(
    timed: RedisQuota, time: MovableClock
) -> None:
    context = a_context()
    context = install_state(
        timed, replace(context, limits=replace(context.limits, hours=Hours(7 * HOUR, 19 * HOUR)))
    )
    behind = timedelta(milliseconds=1)
    time.move_to(NOON + 7 * HOUR)
    time.now -= behind
    denied = timed.reserve(context, "a", lease=LEASE)
    assert (denied.reason, denied.retry_at) == (Reason.OUTSIDE_HOURS, NOON + 19 * HOUR)
    time.move_to(NOON + 12 * HOUR)
    assert timed.remaining(context).reason is Reason.OUTSIDE_HOURS
    time.now -= behind
    timed.settle(context, Verb.COMMIT, "late", Outcome.NONE)
    time.now += behind
    assert timed.remaining(context).remaining == Remaining(999, 999, 999, 9999, 9999)


def test_all_questions_of_a_worker_go_through_one_connection(quota: RedisQuota, raw: redis.Redis) -> None:
    context = install_state(quota, a_context())
    before = raw.info("clients")["connected_clients"]
    for number in range(5):
        quota.reserve(context, f"{number}", lease=LEASE)
    assert raw.info("clients")["connected_clients"] == before


def test_no_key_is_touched_that_was_not_declared(quota: RedisQuota, quota_url: str) -> None:
    context, touched = a_context(7), set[str]()
    with text_client(quota_url) as watcher, watcher.monitor() as monitor:
        install_state(quota, context, QuotaState((Charge(Kind.VISIT, "v", NOON),)))
        quota.reserve(context, "a", lease=LEASE)
        quota.start(context, "a")
        quota.reserve(context, "b", lease=timedelta(0))
        quota.settle(context, Verb.COMMIT, "a", Outcome.FAILURE)
        quota.settle(context, Verb.RELEASE, "b", Outcome.FAILURE)
        quota.remaining(replace(context, limits=a_context(week=0, day=0).limits))
        quota.reset_breaker(context)
        with text_client(quota_url) as client:
            client.echo("the end")
        for command in monitor.listen():
            words = str(command["command"]).split(" ")
            if words[0].upper() == "ECHO":
                break
            if command["client_type"] == "lua" and words[0].upper() != "TIME":
                touched |= set(words[1:] if words[0].upper() == "DEL" else words[1:2])
    assert touched == {f"rapport:quota:{{acct:7}}:{name}" for name in ("state", *Kind)}


def test_all_keys_of_an_account_lie_in_one_slot(redis_url: str) -> None:
    with text_client(redis_url) as client:  # the server that ships answers this; others may not
        keys = [f"rapport:quota:{{acct:7}}:{name}" for name in ("state", *Kind)]
        slots = {client.execute_command("CLUSTER", "KEYSLOT", key) for key in keys}
    assert slots == {key_slot(keys[0].encode())}


@pytest.mark.parametrize("name", ["a|b c", "", "x" * 200, "ünïcödé 🎉", "0|lease"])
def test_a_reservation_may_be_called_anything(timed: RedisQuota, time: MovableClock, name: str) -> None:
    context = install_state(timed, a_context(day=3))
    assert timed.reserve(context, name, lease=LEASE).granted
    assert timed.reserve(context, name, lease=LEASE).verdict is Verdict.REPLAY
    time.move(LEASE)
    assert timed.remaining(context).remaining == Remaining(1000, 3, 1000, 10_000, 10_000)
