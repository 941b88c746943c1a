"""What the quota answers, and what it writes, one question at a time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from redis.crc import key_slot

from tests.quota.purses import (
    DAY_MS,
    HOUR_MS,
    KEEP_MS,
    WEEK_MS,
    a_purse,
    age,
    charges,
    midday_zone,
    server_ms,
    stored,
    text_of,
)
from worker import clock
from worker.errors import Reason
from worker.quota.guard import Decision, Guard, Purse, Remaining, Verdict
from worker.rules.model import Kind
from worker.rules.windows import local_day

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
FAR_GAP = timedelta(days=5)


def charge(quota: Guard, purse: Purse, count: int) -> None:
    for number in range(count):
        assert quota.reserve(purse, f"before-{number}").granted


def watch(quota: Guard, note: Callable[[list[str], list[str]], None]) -> None:
    """Let `note` see the keys and the raw answer of every call."""
    script = quota._script

    def watched(keys: list[str], args: list[object]) -> Any:
        answer = script(keys=keys, args=args)  # type: ignore[arg-type]
        note(keys, answer)
        return answer

    quota._script = watched  # type: ignore[assignment]


def denied(decision: Decision) -> tuple[Reason | None, datetime]:
    assert decision.verdict is Verdict.DENIED
    assert not decision.granted
    assert decision.retry_at is not None
    return decision.reason, decision.retry_at


def instant(ms: float) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=UTC)


def scores(raw: redis.Redis) -> list[float]:
    (log,) = raw.keys("*:log")
    return list(charges(raw, log).values())


def test_a_grant_takes_one_from_every_window(quota: Guard) -> None:
    purse = a_purse(run=5, day=6, week=7)
    decision = quota.reserve(purse, "a")
    assert decision == Decision(Verdict.GRANTED, Remaining(4, 5, 6))
    assert decision.granted
    assert quota.remaining(purse) == Remaining(4, 5, 6)


def test_asked_twice_is_the_same_grant_and_counts_once(quota: Guard) -> None:
    purse = a_purse(run=5, day=6, week=7)
    quota.reserve(purse, "a")
    decision = quota.reserve(purse, "a")
    assert decision == Decision(Verdict.REPLAY, Remaining(4, 5, 6))
    assert decision.granted


def test_a_grant_is_replayed_even_when_nothing_is_left(quota: Guard) -> None:
    purse = a_purse(run=1, day=1, week=1, gap=HOUR)
    quota.reserve(purse, "a")
    assert quota.reserve(purse, "a").verdict is Verdict.REPLAY


def test_the_whole_limit_is_granted_and_not_one_more(quota: Guard) -> None:
    for name, purse in {
        "run": a_purse(1, run=3),
        "day": a_purse(2, day=3),
        "week": a_purse(3, week=3, day=3),
    }.items():
        assert [quota.reserve(purse, f"{name}-{n}").granted for n in range(5)] == [True] * 3 + [False] * 2


def test_a_full_day_denies_until_the_next_local_midnight(quota: Guard) -> None:
    purse = a_purse(day=2)
    charge(quota, purse, 2)
    reason, retry_at = denied(quota.reserve(purse, "more"))
    assert reason is Reason.DAY_LIMIT
    assert retry_at == local_day(clock.now(), purse.zone).end
    assert retry_at.astimezone(purse.zone).time() == datetime.min.time()
    assert clock.now() < retry_at < clock.now() + timedelta(hours=13)


def test_the_day_begins_at_local_midnight(quota: Guard, raw: redis.Redis) -> None:
    purse = a_purse(day=2, week=5)
    charge(quota, purse, 2)
    start_ms = local_day(clock.now(), purse.zone).start.timestamp() * 1000
    oldest = min(scores(raw))
    age(raw, int(oldest - start_ms))
    assert quota.remaining(purse).day == 0  # the very first millisecond of today
    age(raw, 1)
    assert quota.remaining(purse).day >= 1  # the last one of yesterday
    assert quota.remaining(purse).week == 3


def test_a_full_run_denies_until_the_next_local_midnight(quota: Guard) -> None:
    purse = a_purse(run=2)
    charge(quota, purse, 2)
    assert denied(quota.reserve(purse, "more")) == (
        Reason.RUN_LIMIT,
        local_day(clock.now(), purse.zone).end,
    )


def test_another_run_begins_with_its_own_share(quota: Guard) -> None:
    purse = a_purse(run=2)
    charge(quota, purse, 2)
    assert quota.reserve(replace(purse, run_id="another"), "more").granted


def test_a_full_week_denies_until_exactly_the_blocking_charge_ages_out(
    quota: Guard, raw: redis.Redis
) -> None:
    purse = a_purse(day=4, week=4)
    for name in ("a", "b", "c", "d"):
        quota.reserve(purse, name)
        age(raw, DAY_MS)
    oldest = min(scores(raw))
    assert denied(quota.reserve(purse, "more")) == (Reason.WEEK_LIMIT, instant(oldest + WEEK_MS))


def test_a_lowered_week_waits_for_as_many_charges_as_it_must(quota: Guard, raw: redis.Redis) -> None:
    purse = a_purse(day=4, week=4)
    for name in ("a", "b", "c", "d"):
        quota.reserve(purse, name)
        age(raw, DAY_MS)
    third_oldest = sorted(scores(raw))[2]
    lowered = replace(purse, limits=replace(purse.limits, per_day=2, per_week=2))
    assert denied(quota.reserve(lowered, "more")) == (Reason.WEEK_LIMIT, instant(third_oldest + WEEK_MS))


def test_a_charge_leaves_the_week_when_it_is_a_week_old(quota: Guard, raw: redis.Redis) -> None:
    purse = a_purse(day=1, week=1)
    quota.reserve(purse, "a")
    age(raw, WEEK_MS - HOUR_MS)
    assert denied(quota.reserve(purse, "b"))[0] is Reason.WEEK_LIMIT
    age(raw, HOUR_MS)
    assert quota.reserve(purse, "b").granted


@pytest.mark.parametrize("window", ["week", "gap"])
def test_a_window_opens_at_its_retry_at_and_not_a_millisecond_sooner(
    quota: Guard, raw: redis.Redis, window: str
) -> None:
    """Asks without a pause while the clock walks over the edge: about ten questions in each millisecond."""
    answers: list[tuple[int, Decision]] = []
    seen: list[int] = []
    watch(quota, lambda _, answer: seen.append(int(answer[3])))
    week = window == "week"
    purse = a_purse(day=1, week=1) if week else a_purse(gap=HOUR)
    quota.reserve(purse, "a")
    (charged,) = scores(raw)
    whole_ms = WEEK_MS if week else HOUR_MS
    age(raw, whole_ms - 20 - (server_ms(raw) - int(charged)))
    opens = int(scores(raw)[0]) + whole_ms
    while not answers or not answers[-1][1].granted:
        decision = quota.reserve(purse, "b")
        answers.append((seen[-1], decision))
    for now, decision in answers[:-1]:
        assert now < opens
        assert denied(decision)[1] == instant(opens)
    assert answers[-1][0] >= opens
    assert len(answers) > 1


def test_no_168_hours_hold_more_than_the_week(quota: Guard, raw: redis.Redis) -> None:
    """Seven summed day counters would let 125 through where 100 are allowed (ratelimit-notes)."""
    purse = a_purse(day=10, week=10)
    charge(quota, purse, 10)
    age(raw, 6 * DAY_MS + 23 * HOUR_MS)
    assert denied(quota.reserve(purse, "more"))[0] is Reason.WEEK_LIMIT


@pytest.mark.parametrize("window", ["run", "day", "week"])
def test_a_limit_of_nothing_grants_nothing(quota: Guard, window: str) -> None:
    purse = a_purse(
        run=0 if window == "run" else 9,
        day=0 if window in {"day", "week"} else 9,
        week=0 if window == "week" else 9,
    )
    reason, retry_at = denied(quota.reserve(purse, "a"))
    assert reason is Reason(f"{window}_limit")
    assert retry_at > clock.now()


def test_a_gap_denies_until_it_is_over(quota: Guard, raw: redis.Redis) -> None:
    purse = a_purse(gap=HOUR)
    quota.reserve(purse, "a")
    (charged,) = scores(raw)
    assert denied(quota.reserve(purse, "b")) == (Reason.GAP, instant(charged + HOUR_MS))
    age(raw, HOUR_MS)
    assert quota.reserve(purse, "b").granted


def test_asking_again_does_not_draw_the_gap_again(quota: Guard) -> None:
    purse = a_purse(gap=HOUR, gap_max=10 * HOUR)
    quota.reserve(purse, "a")
    answers = {denied(quota.reserve(purse, f"b-{n}"))[1] for n in range(20)}
    quota.reserve(purse, "a")  # nor does the replay of a grant
    assert {denied(quota.reserve(purse, "c"))[1]} == answers
    assert len(answers) == 1


def test_each_grant_draws_its_own_gap_within_the_bounds(quota: Guard, raw: redis.Redis) -> None:
    purse = a_purse(gap=HOUR, gap_max=10 * HOUR)
    gaps = set()
    for number in range(10):
        quota.reserve(purse, f"a-{number}")
        (gate,) = raw.keys("*:gate")
        gaps.add(int(text_of(raw, gate)) - max(scores(raw)))
        age(raw, 10 * HOUR_MS)
    assert len(gaps) > 5
    assert all(HOUR_MS <= gap <= 10 * HOUR_MS for gap in gaps)


def test_of_several_closed_windows_the_one_that_opens_last_is_named(quota: Guard, raw: redis.Redis) -> None:
    full = a_purse(run=1, day=1, week=1, gap=FAR_GAP)
    quota.reserve(full, "a")
    (charged,) = scores(raw)
    assert denied(quota.reserve(full, "b")) == (Reason.WEEK_LIMIT, instant(charged + WEEK_MS))
    no_week = replace(full, limits=replace(full.limits, per_week=9))
    assert denied(quota.reserve(no_week, "b")) == (Reason.GAP, instant(charged + 5 * DAY_MS))
    age(raw, 5 * DAY_MS - HOUR_MS)  # the gap ends in an hour, the run at midnight
    assert denied(quota.reserve(no_week, "b"))[0] is Reason.RUN_LIMIT


@pytest.mark.parametrize(
    "purse",
    [a_purse(run=1), a_purse(day=1), a_purse(day=1, week=1), a_purse(gap=HOUR, gap_max=2 * HOUR)],
    ids=["run", "day", "week", "gap"],
)
def test_a_denial_changes_nothing(quota: Guard, quota_url: str, purse: Purse) -> None:
    here = replace(purse, zone=midday_zone())
    quota.reserve(here, "a")
    before = stored(quota_url)
    for number in range(3):
        denied(quota.reserve(here, f"b-{number}"))
    assert stored(quota_url) == before


@pytest.mark.parametrize(
    "ask",
    [
        lambda quota, purse: quota.remaining(purse),
        lambda quota, purse: quota.reserve(purse, "a"),
        lambda quota, purse: quota.release(purse, "never-reserved"),
    ],
    ids=["remaining", "replay", "release of nothing"],
)
def test_only_a_grant_and_its_release_write(
    quota: Guard, quota_url: str, ask: Callable[[Guard, Purse], object]
) -> None:
    purse = a_purse(gap=HOUR)
    quota.reserve(purse, "a")
    before = stored(quota_url)
    ask(quota, purse)
    assert stored(quota_url) == before


def test_a_denied_or_empty_quota_leaves_no_key_behind(quota: Guard, quota_url: str) -> None:
    purse = a_purse(day=0)
    quota.remaining(purse)
    denied(quota.reserve(purse, "a"))
    quota.release(purse, "a")
    assert stored(quota_url) == {}


def test_a_limit_raised_in_the_middle_of_a_day_frees_exactly_the_difference(quota: Guard) -> None:
    """Counters must not know limits, and refused attempts must not eat a later raise (ratelimit-notes)."""
    low, high = a_purse(run=5, day=5, week=5), a_purse(run=6, day=6, week=6)
    assert [quota.reserve(low, f"a-{n}").granted for n in range(30)].count(True) == 5
    assert [quota.reserve(high, f"b-{n}").granted for n in range(30)].count(True) == 1
    assert quota.remaining(low) == Remaining(0, 0, 0)


def test_a_release_gives_back_one_unit_of_every_window_once(quota: Guard) -> None:
    purse = a_purse(run=3, day=4, week=5)
    charge(quota, purse, 2)
    assert quota.release(purse, "before-0").verdict is Verdict.RELEASED
    assert quota.remaining(purse) == Remaining(2, 3, 4)
    assert quota.release(purse, "before-0").verdict is Verdict.ABSENT
    assert quota.release(purse, "never-there").verdict is Verdict.ABSENT
    assert quota.remaining(purse) == Remaining(2, 3, 4)
    assert quota.reserve(purse, "before-0").verdict is Verdict.GRANTED


def test_a_release_keeps_the_gap(quota: Guard) -> None:
    purse = a_purse(gap=HOUR)
    quota.reserve(purse, "a")
    quota.release(purse, "a")
    assert denied(quota.reserve(purse, "b"))[0] is Reason.GAP


def test_an_account_and_a_kind_have_quotas_of_their_own(quota: Guard, raw: redis.Redis) -> None:
    purses = [a_purse(account, kind=kind, day=1) for account in (1, 2, 12) for kind in Kind]
    for purse in purses:
        before = set(raw.keys("*"))
        assert quota.reserve(purse, "the-same-id").granted
        new = set(raw.keys("*")) - before
        assert len(new) == 3
        assert all(f"{{acct:{purse.account_id}}}:{purse.kind}:" in key for key in new)
    for purse in purses:
        assert quota.remaining(purse).day == 0
    quota.release(purses[0], "the-same-id")
    assert [quota.remaining(purse).day for purse in purses] == [1] + [0] * (len(purses) - 1)


def test_the_script_touches_the_keys_it_was_given_and_they_lie_in_one_slot(
    quota: Guard, quota_url: str, raw: redis.Redis
) -> None:
    given: list[list[str]] = []
    watch(quota, lambda keys, _: given.append(keys))
    purse = a_purse(day=1)
    quota.reserve(purse, "a")
    quota.reserve(purse, "b")
    quota.remaining(purse)
    stranger = redis.Redis.from_url(quota_url)
    with stranger.monitor() as seen:  # type: ignore[no-untyped-call]  # untyped there
        quota.reserve(a_purse(day=3), "c")
        quota.release(purse, "c")
        stranger_echo = redis.Redis.from_url(quota_url)
        stranger_echo.echo("over")
        commands: list[str] = []
        while not commands or not commands[-1].startswith("ECHO"):
            commands.append(seen.next_command()["command"])
        stranger_echo.close()
    stranger.close()
    declared = {key for keys in given for key in keys}
    assert set(raw.keys("*")) <= declared
    # inside a script: every word after the verb that looks like a key of ours is a declared one
    words = {word for command in commands if not command.startswith("EVAL") for word in command.split()}
    assert {word for word in words if word.startswith("rapport:")} == declared
    for keys in given:
        assert len({key_slot(key.encode()) for key in keys}) == 1
    assert key_slot(given[0][0].encode()) == key_slot(b"acct:1")


def test_every_key_goes_away_by_itself_but_not_before_its_window_is_over(
    quota: Guard, raw: redis.Redis
) -> None:
    purse = a_purse(gap=HOUR)
    quota.reserve(purse, "a")
    keys = raw.keys("*")
    assert len(keys) == 3
    for key in keys:
        assert WEEK_MS < raw.pttl(key) <= KEEP_MS
    (log,) = raw.keys("*:log")
    raw.pexpire(log, HOUR_MS)
    quota.reserve(a_purse(), "a")  # a replay need not extend it
    age(raw, 2 * HOUR_MS)
    assert quota.reserve(purse, "b").granted
    assert raw.pttl(log) > WEEK_MS


def test_charges_that_no_window_counts_are_dropped(quota: Guard, raw: redis.Redis) -> None:
    purse = a_purse()
    charge(quota, purse, 5)
    age(raw, WEEK_MS)
    quota.reserve(purse, "fresh")
    assert len(scores(raw)) == 1


def test_instants_are_whole_milliseconds_of_the_servers_clock(quota: Guard, raw: redis.Redis) -> None:
    before = server_ms(raw)
    quota.reserve(a_purse(gap=timedelta(milliseconds=90_001)), "a")
    (charged,) = scores(raw)
    assert before <= charged <= server_ms(raw)
    assert charged == int(charged)
    (gate,) = raw.keys("*:gate")
    assert raw.get(gate) == str(int(charged) + 90_001)


@pytest.mark.parametrize("days_off", [-400, -3, -1, 1, 3, 400])
def test_a_caller_whose_clock_is_wrong_by_days_is_put_right_by_the_servers(
    quota: Guard, monkeypatch: pytest.MonkeyPatch, days_off: int
) -> None:
    purse = a_purse(run=3, day=2)
    today = local_day(clock.now(), purse.zone)
    wrong = clock.now() + timedelta(days=days_off)
    assert quota.reserve(purse, "a").granted
    monkeypatch.setattr(clock, "now", lambda: wrong)
    assert quota.remaining(purse) == Remaining(2, 1, 999)
    assert quota.reserve(purse, "a").verdict is Verdict.REPLAY
    assert quota.reserve(purse, "b").granted
    assert denied(quota.reserve(purse, "c")) == (Reason.DAY_LIMIT, today.end)
    assert quota.release(purse, "b").verdict is Verdict.RELEASED
    assert quota.remaining(purse) == Remaining(2, 1, 999)
