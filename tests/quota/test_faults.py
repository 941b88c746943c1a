"""Redis, the connection or an answer is lost: an uncertain answer never counts as a grant."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from api_stub.stack.servers.ports import find_free_port
from api_stub.stack.servers.redis import Redis
from db.engine import Database
from db.store.quota import limits
from tasks.quota import Quota
from tests import builders
from tests.proxy import Proxy
from tests.quota.helpers import LEASE, a_context, install_state, is_current_epoch
from worker import clock
from worker.errors import Reason, TryAgainError
from worker.quota import redis_quota
from worker.quota.redis_quota import QuotaUnavailableError, RedisQuota
from worker.rules.model import Kind
from worker.rules.quota.breaker import Outcome
from worker.rules.quota.model import Decision, Verb, Verdict
from worker.rules.quota.windows import Span
from worker.servers import redis_address


def day_left(decision: Decision) -> int:
    assert decision.remaining is not None
    return decision.remaining.day


@contextmanager
def through_a_proxy(url: str) -> Iterator[tuple[RedisQuota, Proxy]]:
    with Proxy(url) as proxy:
        client = redis_quota.connect(redis_address.parse(proxy.url))
        yield RedisQuota(client), proxy
        client.close()


def test_after_a_lost_reply_asking_again_is_a_replay_and_one_unit_is_gone(quota_url: str) -> None:
    with through_a_proxy(quota_url) as (quota, proxy):
        context = install_state(quota, a_context(day=5))
        proxy.lose_reply(b"EVALSHA")
        with pytest.raises(QuotaUnavailableError):
            quota.reserve(context, "a", lease=LEASE)
        assert proxy.caught == 1
        assert quota.reserve(context, "a", lease=LEASE).verdict is Verdict.REPLAY
        assert day_left(quota.remaining(context)) == 4


def test_after_a_lost_reply_giving_back_again_gives_back_once(quota_url: str) -> None:
    with through_a_proxy(quota_url) as (quota, proxy):
        context = install_state(quota, a_context(day=5))
        quota.reserve(context, "a", lease=LEASE)
        quota.reserve(context, "b", lease=LEASE)
        proxy.lose_reply(b"EVALSHA")
        with pytest.raises(QuotaUnavailableError):
            quota.settle(context, Verb.RELEASE, "a", Outcome.NONE)
        assert quota.settle(context, Verb.RELEASE, "a", Outcome.NONE).verdict is Verdict.ABSENT
        assert day_left(quota.remaining(context)) == 4


def test_the_client_never_repeats_a_call_by_itself(quota_url: str) -> None:
    with through_a_proxy(quota_url) as (quota, proxy):
        context = install_state(quota, a_context())
        for _ in range(3):
            proxy.lose_reply(b"EVALSHA")
            with pytest.raises(QuotaUnavailableError):
                quota.remaining(context)
        assert proxy.caught == 3


def test_a_server_that_forgot_the_script_is_given_it_again(quota: RedisQuota, raw: redis.Redis) -> None:
    context = install_state(quota, a_context(day=3))
    quota.reserve(context, "a", lease=LEASE)
    raw.script_flush()
    assert quota.reserve(context, "b", lease=LEASE).verdict is Verdict.GRANTED
    raw.script_flush()
    assert quota.reserve(context, "b", lease=LEASE).verdict is Verdict.REPLAY
    assert day_left(quota.remaining(context)) == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda quota: quota.reserve(a_context(), "a", lease=LEASE),
        lambda quota: quota.start(a_context(), "a"),
        lambda quota: quota.settle(a_context(), Verb.RELEASE, "a", Outcome.NONE),
        lambda quota: quota.remaining(a_context()),
    ],
    ids=["reserve", "start", "release", "remaining"],
)
def test_without_redis_there_is_no_answer(ask: Callable[[RedisQuota], object]) -> None:
    client = redis_quota.connect(redis_address.parse(f"redis://127.0.0.1:{find_free_port()}/0"))
    with pytest.raises(QuotaUnavailableError) as refused:
        ask(RedisQuota(client))
    assert refused.value.reason is Reason.QUOTA_UNREADABLE
    client.close()


@pytest.mark.parametrize("key", ["state", "greet"])
def test_a_key_that_cannot_be_read_gives_no_answer(quota: RedisQuota, raw: redis.Redis, key: str) -> None:
    context = install_state(quota, a_context())
    quota.reserve(context, "a", lease=LEASE)
    (spoiled,) = raw.keys(f"*:{key}")
    raw.delete(spoiled)
    raw.set(spoiled, "not ours")
    with pytest.raises(QuotaUnavailableError):
        quota.reserve(context, "b", lease=LEASE)


def test_a_wrong_password_gives_no_answer_and_is_not_told(quota_url: str) -> None:
    parts = urlsplit(quota_url)
    client = redis_quota.connect(
        redis_address.parse(f"redis://nobody:wrong-secret@{parts.hostname}:{parts.port}/0")
    )
    with pytest.raises(QuotaUnavailableError) as refused:
        RedisQuota(client).remaining(a_context())
    assert "wrong-secret" not in str(refused.value)
    client.close()


def test_a_day_on_which_nobody_agrees_gives_no_answer(
    quota: RedisQuota, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = clock.now() - timedelta(days=30)
    monkeypatch.setattr(redis_quota, "local_day", lambda *_: Span(long_ago, long_ago + timedelta(days=1)))
    with pytest.raises(TryAgainError, match="disagree about the day"):
        quota.reserve(a_context(), "a", lease=LEASE)


def test_a_restart_of_redis_is_cold_even_with_its_data(tmp_path: Path) -> None:
    with Redis(tmp_path) as server:
        quota = RedisQuota(redis_quota.connect(redis_address.parse(server.url)))
        context = install_state(quota, a_context())
        quota.reserve(context, "a", lease=LEASE)
        server.stop()
        server.start()
        assert quota.remaining(context).verdict is Verdict.COLD
        assert (
            RedisQuota(redis_quota.connect(redis_address.parse(server.url)))
            .reserve(context, "b", lease=LEASE)
            .verdict
            is Verdict.COLD
        )


def test_another_server_that_lacks_the_last_writes_is_cold(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    with Redis(first) as server:
        quota = RedisQuota(redis_quota.connect(redis_address.parse(server.url)))
        context = install_state(quota, a_context())
        # Redis writes a command to its file before it answers, so the copy has the state; and nothing
        # rewrites the file meanwhile, which would take files away from under the copy
        shutil.copytree(first, second, ignore=shutil.ignore_patterns("processes.json"))
        quota.reserve(context, "only the first knows", lease=LEASE)
    with Redis(second) as replica:
        assert (
            RedisQuota(redis_quota.connect(redis_address.parse(replica.url)))
            .reserve(context, "a", lease=LEASE)
            .verdict
            is Verdict.COLD
        )


def test_of_many_who_find_it_cold_one_rebuilds(database: Database, redis_url: str) -> None:
    with database.transaction() as session:
        account = builders.an_account(session)
    quota = Quota(database, RedisQuota(redis_quota.connect(redis_address.parse(redis_url))), lease=LEASE)
    quota.remaining(account.id, Kind.GREET, "run")

    def epoch() -> int:
        with database.transaction() as session:
            return limits.load_context(session, account.id, Kind.GREET, "run").context.epoch

    before = epoch()
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    with ThreadPoolExecutor(8) as pool:
        quotas = [
            Quota(database, RedisQuota(redis_quota.connect(redis_address.parse(redis_url))), lease=LEASE)
            for _ in range(8)
        ]
        grants = pool.map(lambda q: q.reserve(account.id, Kind.GREET, "run", f"{id(q)}:1"), quotas)
        assert all(grant.decision.granted for grant in grants)
    assert epoch() == before + 1


def test_a_grant_of_the_fallback_counts_once_redis_is_back(database: Database, redis_url: str) -> None:
    with database.transaction() as session:
        account = builders.an_account(session)
    here = Quota(database, RedisQuota(redis_quota.connect(redis_address.parse(redis_url))), lease=LEASE)
    away = Quota(
        database, RedisQuota(redis_quota.connect(redis_address.parse("redis://127.0.0.1:1/0"))), lease=LEASE
    )
    first = here.reserve(account.id, Kind.GREET, "run", "first:1")
    second = away.reserve(account.id, Kind.GREET, "run", "second:1")
    assert (first.by_fallback, second.by_fallback) == (False, True)
    assert second.decision.granted
    # an earlier grant of Redis can't become an intent any more, because its epoch has ended
    with database.transaction() as session:
        assert not is_current_epoch(session, account.id, first.context.epoch)
        assert is_current_epoch(session, account.id, second.context.epoch)
    assert away.start(second)
    # once Redis answers again, the fallback's grant is fenced in turn unless it has reached the ledger
    third = here.reserve(account.id, Kind.GREET, "run", "third:1")
    assert third.decision.granted
    assert not away.start(second)
    assert third.context.epoch > second.context.epoch > first.context.epoch
