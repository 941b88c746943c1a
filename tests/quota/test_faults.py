"""What happens when Redis, the way to it or an answer is lost. Any doubt raises: no answer, no action."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import redis

from api_stub.stack.ports import free_port
from tests.proxy import Proxy
from tests.quota.purses import a_purse
from worker import clock
from worker.errors import Reason, TryAgainError
from worker.quota import guard
from worker.quota.guard import Guard, Remaining, Verdict
from worker.rules.windows import Day


@contextmanager
def through_a_proxy(url: str) -> Iterator[tuple[Guard, Proxy]]:
    with Proxy(url) as proxy:
        client = guard.connect(proxy.url)
        yield Guard(client), proxy
        client.close()


def test_after_a_lost_reply_asking_again_is_a_replay_and_one_unit_is_gone(quota_url: str) -> None:
    purse = a_purse(run=5, day=5, week=5)
    with through_a_proxy(quota_url) as (quota, proxy):
        assert quota.remaining(purse) == Remaining(5, 5, 5)
        proxy.lose_reply(b"EVALSHA")
        with pytest.raises(TryAgainError) as lost:
            quota.reserve(purse, "a")
        assert lost.value.reason is Reason.QUOTA_UNREADABLE
        assert proxy.caught == 1
        assert quota.reserve(purse, "a").verdict is Verdict.REPLAY
        assert quota.remaining(purse) == Remaining(4, 4, 4)


def test_after_a_lost_reply_giving_back_again_gives_back_once(quota_url: str) -> None:
    purse = a_purse(day=5)
    with through_a_proxy(quota_url) as (quota, proxy):
        quota.reserve(purse, "a")
        quota.reserve(purse, "b")
        proxy.lose_reply(b"EVALSHA")
        with pytest.raises(TryAgainError):
            quota.release(purse, "a")
        assert quota.release(purse, "a").verdict is Verdict.ABSENT
        assert quota.remaining(purse).day == 4


def test_a_server_that_forgot_the_script_is_given_it_again(quota: Guard, raw: redis.Redis) -> None:
    purse = a_purse(day=3)
    quota.reserve(purse, "a")
    raw.script_flush()
    assert quota.reserve(purse, "b").verdict is Verdict.GRANTED
    raw.script_flush()
    assert quota.reserve(purse, "b").verdict is Verdict.REPLAY
    assert quota.remaining(purse).day == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda quota: quota.reserve(a_purse(), "a"),
        lambda quota: quota.release(a_purse(), "a"),
        lambda quota: quota.remaining(a_purse()),
    ],
    ids=["reserve", "release", "remaining"],
)
def test_without_redis_there_is_no_answer(ask: Callable[[Guard], object]) -> None:
    client = guard.connect(f"redis://127.0.0.1:{free_port()}/0")
    quota = Guard(client)
    with pytest.raises(TryAgainError) as refused:
        ask(quota)
    assert refused.value.reason is Reason.QUOTA_UNREADABLE
    client.close()


@pytest.mark.parametrize("key", ["log", "gate", "run"])
def test_a_key_that_cannot_be_read_gives_no_answer(quota: Guard, raw: redis.Redis, key: str) -> None:
    purse = a_purse()
    quota.reserve(purse, "a")
    (spoiled,) = raw.keys(f"*:{key}*")
    raw.delete(spoiled)
    raw.hset(spoiled, "not", "ours")
    with pytest.raises(TryAgainError) as refused:
        quota.reserve(purse, "b")
    assert refused.value.reason is Reason.QUOTA_UNREADABLE


def test_a_wrong_password_gives_no_answer_and_is_not_told(quota_url: str) -> None:
    parts = urlsplit(quota_url)
    client = guard.connect(f"redis://nobody:wrong-secret@{parts.hostname}:{parts.port}/0")
    with pytest.raises(TryAgainError) as refused:
        Guard(client).reserve(a_purse(), "a")
    assert "wrong-secret" not in str(refused.value)
    client.close()


def test_a_day_on_which_nobody_agrees_gives_no_answer(
    quota: Guard, raw: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = clock.now() - timedelta(days=30)
    monkeypatch.setattr(guard, "local_day", lambda *_: Day(long_ago, long_ago + timedelta(days=1)))
    for ask in (quota.reserve, quota.release):
        with pytest.raises(TryAgainError) as refused:
            ask(a_purse(), "a")
        assert refused.value.reason is Reason.QUOTA_UNREADABLE
    assert raw.keys("*") == []


def test_the_client_never_repeats_a_call_by_itself(quota_url: str) -> None:
    with through_a_proxy(quota_url) as (quota, proxy):
        quota.remaining(a_purse())
        for _ in range(3):
            proxy.lose_reply(b"EVALSHA")
            with pytest.raises(TryAgainError):
                quota.remaining(a_purse())
        assert proxy.caught == 3
