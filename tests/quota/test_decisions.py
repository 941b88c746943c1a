"""What the quota writes and reads, one question at a time; what it answers is tests/quota/test_model.py's."""

from dataclasses import replace
from datetime import timedelta

import pytest
import redis
from redis.crc import key_slot

from tests.quota.purses import DAY, LEASE, NOON, WEEK, MovableClock, a_purse, stored, text_client, whole
from worker.errors import Reason
from worker.quota.guard import Guard
from worker.rules.breaker import Outcome
from worker.rules.limits import Totals
from worker.rules.model import Kind
from worker.rules.quota import Books, Charge, Remaining, Verb, Verdict

HOUR = timedelta(hours=1)


def test_a_limit_raised_in_mid_day_frees_exactly_the_difference(timed: Guard) -> None:
    purse = whole(timed, a_purse(day=5, week=9))
    assert [timed.reserve(purse, f"{n}", lease=LEASE).granted for n in range(8)].count(True) == 5
    raised = a_purse(day=6, week=9)
    assert [timed.reserve(raised, f"more-{n}", lease=LEASE).granted for n in range(3)] == [True, False, False]


def test_a_refusal_of_one_window_charges_no_other(timed: Guard) -> None:
    purse = whole(timed, a_purse(run=2, day=5, week=9))
    for number in range(6):
        timed.reserve(purse, f"{number}", lease=LEASE)
    assert timed.remaining(purse).remaining == Remaining(0, 3, 7, 9998, 9998)


def test_no_168_hours_hold_more_than_the_week(timed: Guard, time: MovableClock) -> None:
    purse = whole(timed, a_purse(day=10, week=10))
    granted = []
    for number in range(150):
        if timed.reserve(purse, f"{number}", lease=LEASE).granted:
            granted.append(time.now)
            timed.settle(purse, Verb.COMMIT, f"{number}", Outcome.SUCCESS)
        time.move(timedelta(hours=3.3))
    assert len(granted) > 20
    assert all(sum(at <= other < at + WEEK for other in granted) <= 10 for at in granted)


def test_visits_and_collects_cannot_eat_the_birthdays_share(timed: Guard) -> None:
    shares = {Kind.GREET: 3}
    visits = replace(a_purse(kind=Kind.VISIT), totals=Totals(10, 100), shares=shares)
    greets = replace(a_purse(kind=Kind.GREET), totals=Totals(10, 100), shares=shares)
    whole(timed, visits)
    assert sum(timed.reserve(visits, f"v{n}", lease=LEASE).granted for n in range(20)) == 7
    assert timed.reserve(visits, "one more", lease=LEASE).reason is Reason.ALL_DAY_LIMIT
    assert sum(timed.reserve(greets, f"g{n}", lease=LEASE).granted for n in range(20)) == 3


def test_a_reservation_lapses_and_one_that_acts_does_not(timed: Guard, time: MovableClock) -> None:
    purse = whole(timed, a_purse(day=5))
    for name in ("idle", "acting"):
        timed.reserve(purse, name, lease=LEASE)
    assert timed.start(purse, "acting").verdict is Verdict.STARTED
    time.move(LEASE)
    assert timed.remaining(purse).remaining == Remaining(999, 4, 999, 9999, 9999)
    assert timed.start(purse, "idle").verdict is Verdict.ABSENT
    assert timed.settle(purse, Verb.COMMIT, "idle", Outcome.NONE).verdict is Verdict.LATE
    assert timed.settle(purse, Verb.RELEASE, "acting", Outcome.NONE).verdict is Verdict.RELEASED
    assert timed.remaining(purse).remaining == Remaining(999, 4, 999, 9999, 9999)


def test_a_denial_changes_nothing(timed: Guard, raw: redis.Redis) -> None:
    purse = whole(timed, a_purse(day=1, gap=HOUR))
    timed.reserve(purse, "a", lease=LEASE)
    before = stored(raw)
    for number in range(3):
        assert timed.reserve(purse, f"more-{number}", lease=LEASE).verdict is Verdict.DENIED
    assert {key: value for key, (value, _) in stored(raw).items()} == {k: v for k, (v, _) in before.items()}


def test_asking_again_does_not_draw_the_gap_again(timed: Guard, time: MovableClock) -> None:
    purse = whole(timed, a_purse(gap=HOUR, gap_max=3 * HOUR))
    timed.reserve(purse, "a", lease=LEASE)
    first = timed.reserve(purse, "b", lease=LEASE)
    assert first.reason is Reason.GAP
    assert {timed.reserve(purse, "b", lease=LEASE).retry_at for _ in range(5)} == {first.retry_at}
    assert first.retry_at is not None
    time.move_to(first.retry_at)
    assert timed.reserve(purse, "b", lease=LEASE).granted


def test_every_key_outlives_its_windows_and_then_goes_away(quota: Guard, raw: redis.Redis) -> None:
    purse = whole(quota, a_purse())
    for number in range(3):
        quota.reserve(purse, f"{number}", lease=LEASE)
        quota.settle(purse, Verb.RELEASE, f"{number}", Outcome.NONE)
    quota.reserve(purse, "kept", lease=LEASE)
    kept = {key: timedelta(seconds=ttl) for key, (_, ttl) in stored(raw).items()}
    assert kept
    assert all(WEEK + DAY <= left <= WEEK + 2 * DAY for left in kept.values())


def test_charges_and_runs_that_no_window_counts_are_dropped(
    timed: Guard, raw: redis.Redis, time: MovableClock
) -> None:
    purse = whole(timed, a_purse())
    for number in range(20):
        timed.reserve(purse, f"{number}", lease=LEASE)
        timed.settle(purse, Verb.COMMIT, f"{number}", Outcome.SUCCESS)
        time.move(DAY)
    (log,) = raw.keys("*:greet")
    (state,) = raw.keys("*:state")
    assert 7 <= raw.zcard(log) <= 8
    fields = [str(field) for field in raw.hkeys(state)]
    assert sum(field.startswith("run|") for field in fields) == 1
    assert not [field for field in fields if field.startswith("lease|")]


def test_no_key_is_touched_that_was_not_declared(quota: Guard, quota_url: str) -> None:
    purse, touched = a_purse(7), set[str]()
    with text_client(quota_url) as watcher, watcher.monitor() as monitor:
        whole(quota, purse, Books((Charge(Kind.VISIT, "v", NOON),)))
        quota.reserve(purse, "a", lease=LEASE)
        quota.start(purse, "a")
        quota.reserve(purse, "b", lease=timedelta(0))
        quota.settle(purse, Verb.COMMIT, "a", Outcome.FAILURE)
        quota.settle(purse, Verb.RELEASE, "b", Outcome.FAILURE)
        quota.remaining(replace(purse, limits=a_purse(week=0, day=0).limits))
        quota.reset_breaker(purse)
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
    with text_client(redis_url) as client:  # a server that isn't a cluster's need not answer this; ours does
        keys = [f"rapport:quota:{{acct:7}}:{name}" for name in ("state", *Kind)]
        slots = {client.execute_command("CLUSTER", "KEYSLOT", key) for key in keys}
    assert slots == {key_slot(keys[0].encode())}


@pytest.mark.parametrize("name", ["a|b c", "", "x" * 200, "ünïcödé 🎉", "0|lease"])
def test_a_reservation_may_be_called_anything(timed: Guard, time: MovableClock, name: str) -> None:
    purse = whole(timed, a_purse(day=3))
    assert timed.reserve(purse, name, lease=LEASE).granted
    assert timed.reserve(purse, name, lease=LEASE).verdict is Verdict.REPLAY
    time.move(LEASE)
    assert timed.remaining(purse).remaining == Remaining(1000, 3, 1000, 10_000, 10_000)
