"""The quota as tasks use it: who decides, what is remembered, and when counters are written anew."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest
import redis

from db.engine import Database
from db.store.people.accounts import AccountRecord
from db.store.quota import epochs, ledger, limits
from tasks.quota import Quota, make_reservation_id, site_health
from tests import builders
from tests.db.helpers import run_without_triggers, wait_for_lock_wait
from tests.quota.helpers import LEASE
from worker import redis_address
from worker.errors import Reason, TryAgainError
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import Kind
from worker.rules.quota.breaker import FIRST_WAIT, THRESHOLD, Breaker, Outcome
from worker.rules.quota.model import Decision, QuotaContext, QuotaState, Remaining, Verb, Verdict

NOWHERE = "redis://127.0.0.1:1/0"
FAILURE = Outcome.FAILURE


@pytest.fixture
def account(database: Database) -> AccountRecord:
    with database.transaction() as session:
        return builders.an_account(session)


@pytest.fixture
def with_redis(database: Database, redis_url: str) -> Iterator[Quota]:
    client = redis_quota.connect(redis_address.parse(redis_url))
    yield Quota(database, RedisQuota(client), lease=LEASE)
    client.close()


@pytest.fixture
def without_redis(database: Database) -> Quota:
    """With a Redis that does not answer."""
    return Quota(database, RedisQuota(redis_quota.connect(redis_address.parse(NOWHERE))), lease=LEASE)


def used(quota: Quota, account: AccountRecord, kind: Kind = Kind.GREET) -> int:
    context, decision = quota.remaining(account.id, kind, "")
    assert decision.remaining is not None
    return context.limits.per_day - decision.remaining.day


def epoch(database: Database, account: AccountRecord) -> int:
    with database.transaction() as session:
        return limits.load_context(session, account.id, Kind.GREET, "").context.epoch


def remembered(database: Database, account: AccountRecord) -> Breaker:
    with database.transaction() as session:
        context = limits.load_context(session, account.id, Kind.GREET, "").context
        return ledger.read_ledger(session, context).breaker(Kind.GREET)


def flush(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()


def test_a_grant_whose_unit_is_gone_may_not_act(
    with_redis: Quota, redis_url: str, account: AccountRecord
) -> None:
    grant = with_redis.reserve(account.id, Kind.GREET, "run", "a:1")
    assert with_redis.start(grant)
    for unknown in (replace(grant, reservation_id="b:1"), replace(grant, by_fallback=True)):
        assert not with_redis.start(unknown)
    with_redis.settle(grant, Verb.RELEASE)
    assert not with_redis.start(grant)
    again = with_redis.reserve(account.id, Kind.GREET, "run", "c:1")
    flush(redis_url)
    assert not with_redis.start(again)


def test_without_redis_its_grant_may_not_act_and_settling_it_waits(
    with_redis: Quota, without_redis: Quota, account: AccountRecord
) -> None:
    grant = with_redis.reserve(account.id, Kind.GREET, "run", "a:1")
    assert not without_redis.start(grant)
    without_redis.settle(grant, Verb.COMMIT)
    assert with_redis.start(grant)


def test_a_new_account_begins_in_postgres_while_redis_is_away(
    without_redis: Quota, account: AccountRecord
) -> None:
    grant = without_redis.reserve(account.id, Kind.GREET, "run", "a:1")
    assert grant.decision.verdict is Verdict.GRANTED
    assert grant.by_fallback
    assert without_redis.start(grant)
    assert used(without_redis, account) == 1


@pytest.mark.parametrize("engine", ["with_redis", "without_redis"])
def test_whichever_engine_granted_it_a_dead_worker_s_unit_goes_back(
    request: pytest.FixtureRequest, account: AccountRecord, engine: str
) -> None:
    quota: Quota = request.getfixturevalue(engine)
    assert quota.reserve(account.id, Kind.GREET, "run", "a:1").decision.granted
    assert used(quota, account) == 1
    quota.settle_by_id(Verb.RELEASE, account.id, Kind.GREET, "run", "a:1")
    assert used(quota, account) == 0


def test_an_attempt_s_unit_is_not_another_attempt_s(with_redis: Quota, account: AccountRecord) -> None:
    with with_redis._database.transaction() as session:
        action_id = builders.add_planned(session, account, builders.a_contact(session, account, "ann"))
    first, second = make_reservation_id(action_id, 1), make_reservation_id(action_id, 2)
    with_redis.reserve(account.id, Kind.GREET, "run", first)
    grant = with_redis.reserve(account.id, Kind.GREET, "run", second)
    with_redis.settle_by_id(Verb.RELEASE, account.id, Kind.GREET, "run", first)
    assert with_redis.start(grant)
    assert used(with_redis, account) == 1


def test_a_breaker_is_remembered_and_forgotten_with_what_the_site_answers(
    with_redis: Quota, database: Database, redis_url: str, account: AccountRecord
) -> None:
    for number in range(THRESHOLD - 1):
        grant = with_redis.reserve(account.id, Kind.GREET, "run", f"{number}:1")
        with_redis.settle(grant, Verb.RELEASE, FAILURE)
    assert remembered(database, account) == Breaker(THRESHOLD - 1)
    flush(redis_url)
    grant = with_redis.reserve(account.id, Kind.GREET, "run", "good:1")
    assert grant.decision.breaker == Breaker(THRESHOLD - 1)
    with_redis.settle(grant, Verb.RELEASE, Outcome.NONE)
    assert remembered(database, account) == Breaker(THRESHOLD - 1)
    with_redis.settle(grant, Verb.COMMIT, Outcome.SUCCESS)
    assert remembered(database, account) == Breaker()


@pytest.mark.parametrize("outcome", [FAILURE, Outcome.SUCCESS])
def test_counters_that_were_lost_do_not_close_the_breaker_that_is_remembered(
    with_redis: Quota, database: Database, account: AccountRecord, outcome: Outcome
) -> None:
    grant = with_redis.reserve(account.id, Kind.GREET, "run", "a:1")
    with database.transaction() as session:
        until = builders.database_now(session) + FIRST_WAIT
        opened = Breaker(THRESHOLD, 1, until)
        ledger.write_breaker(session, account.id, Kind.GREET, opened)
        epochs.raise_epoch(session, account.id, seen=grant.context.epoch)
    lost = replace(grant, context=replace(grant.context, epoch=grant.context.epoch + 1), failing=True)
    with_redis.settle(lost, Verb.COMMIT, outcome)
    assert remembered(database, account) == opened
    assert with_redis.remaining(account.id, Kind.GREET, "")[1].reason is Reason.BREAKER_OPEN


def test_a_rebuild_takes_over_the_account_s_own_breakers_only(
    with_redis: Quota, database: Database, account: AccountRecord
) -> None:
    with database.transaction() as session:
        other = builders.an_account(session, "other")
        until = builders.database_now(session) + FIRST_WAIT
        ledger.write_breaker(session, other.id, Kind.GREET, Breaker(THRESHOLD, 1, until))
    assert with_redis.remaining(account.id, Kind.GREET, "")[1].breaker == Breaker()
    assert with_redis.remaining(other.id, Kind.GREET, "")[1].reason is Reason.BREAKER_OPEN


def test_the_fallback_s_breaker_is_in_force_when_redis_is_back(
    with_redis: Quota, without_redis: Quota, account: AccountRecord
) -> None:
    for number in range(THRESHOLD):
        grant = without_redis.reserve(account.id, Kind.GREET, "run", f"{number}:1")
        without_redis.settle(grant, Verb.RELEASE, FAILURE)
    for quota in (without_redis, with_redis):
        assert quota.remaining(account.id, Kind.GREET, "")[1].reason is Reason.BREAKER_OPEN


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (Reason.SITE_UNREACHABLE, FAILURE), (Reason.SITE_UNEXPECTED, FAILURE),
        (Reason.PROOF_MISSING, FAILURE),
        (Reason.LEASE_LOST, Outcome.NONE), (Reason.QUOTA_UNREADABLE, Outcome.NONE),
    ],
)  # fmt: skip
def test_only_what_the_site_did_is_a_fault_of_the_site(reason: Reason, outcome: Outcome) -> None:
    assert site_health(TryAgainError(reason, "x")) is outcome


def test_counters_of_whichever_kind_that_hold_too_much_or_too_little_are_written_anew(
    with_redis: Quota, database: Database, account: AccountRecord
) -> None:
    assert used(with_redis, account) == 0
    before = epoch(database, account)
    assert with_redis.compare(account.id)
    assert with_redis.start(with_redis.reserve(account.id, Kind.COLLECT, "nobody's", "lost:1"))
    assert not with_redis.compare(account.id)
    assert used(with_redis, account, Kind.COLLECT) == 0
    with database.transaction() as session:
        builders.add_planned(session, account, builders.a_contact(session, account, "ann"))
        run_without_triggers(
            session, "update actions set state = 'done', acting_since = now(), acting_attempt = 1"
        )
    assert not with_redis.compare(account.id)
    assert used(with_redis, account) == 1
    assert with_redis.compare(account.id)
    assert epoch(database, account) == before + 2


def test_a_unit_too_much_of_one_kind_and_one_too_few_of_another_do_not_make_up_for_each_other(
    with_redis: Quota, database: Database, account: AccountRecord
) -> None:
    assert used(with_redis, account) == 0
    assert with_redis.start(with_redis.reserve(account.id, Kind.COLLECT, "nobody's", "lost:1"))
    with database.transaction() as session:
        builders.add_planned(session, account, builders.a_contact(session, account, "ann"))
        run_without_triggers(
            session,
            "update actions set state = 'done', kind = 'withdraw', acting_since = now(), acting_attempt = 1",
        )
    assert not with_redis.compare(account.id)
    assert (used(with_redis, account, Kind.COLLECT), used(with_redis, account, Kind.WITHDRAW)) == (0, 1)


def test_while_an_action_is_under_way_its_reservation_is_no_difference(
    with_redis: Quota, database: Database, account: AccountRecord
) -> None:
    assert with_redis.reserve(account.id, Kind.GREET, "run", "a:1").decision.granted
    with database.transaction() as session:
        builders.add_planned(session, account, builders.a_contact(session, account, "ann"))
        run_without_triggers(session, "update actions set state = 'claimed', lease_until = now()")
    before = epoch(database, account)
    assert with_redis.compare(account.id)
    assert epoch(database, account) == before
    with database.transaction() as session:
        run_without_triggers(session, "update actions set state = 'planned', lease_until = null")
    assert not with_redis.compare(account.id)


def test_lost_counters_and_a_redis_that_is_away_are_no_difference(
    with_redis: Quota, without_redis: Quota, database: Database, redis_url: str, account: AccountRecord
) -> None:
    assert used(with_redis, account) == 0
    before = epoch(database, account)
    flush(redis_url)
    assert with_redis.compare(account.id)
    assert without_redis.compare(account.id)
    assert epoch(database, account) == before


def test_a_difference_that_is_gone_at_the_second_look_is_none(
    with_redis: Quota, database: Database, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert used(with_redis, account) == 0
    before = epoch(database, account)
    really = RedisQuota.remaining
    looks: list[QuotaContext] = []

    def an_action_ends_between_the_readings(self: RedisQuota, context: QuotaContext) -> Decision:
        looks.append(context)
        told = really(self, context)
        return told if len(looks) > 1 else replace(told, remaining=Remaining(1, 1, 1, 1, 1))

    monkeypatch.setattr(RedisQuota, "remaining", an_action_ends_between_the_readings)
    assert with_redis.compare(account.id)
    assert epoch(database, account) == before


def test_a_rebuild_that_redis_did_not_take_ends_every_grant_and_is_made_by_whoever_asks_next(
    with_redis: Quota, without_redis: Quota, database: Database, account: AccountRecord
) -> None:
    grant = with_redis.reserve(account.id, Kind.GREET, "run", "a:1")
    assert not without_redis.rebuild(grant.context, in_postgres=False)
    assert epoch(database, account) == grant.context.epoch + 1
    assert not with_redis.rebuild(grant.context, in_postgres=False)
    assert epoch(database, account) == grant.context.epoch + 1
    assert used(with_redis, account) == 0
    assert epoch(database, account) == grant.context.epoch + 2


def test_while_one_rebuilds_its_epoch_is_nobody_s_and_its_counters_are_read_after_it(
    with_redis: Quota, database: Database, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who finds the counters lost meanwhile waits for the rebuild, and leaves it at that."""
    context = with_redis.remaining(account.id, Kind.GREET, "")[0]
    installed: list[int] = []
    really = RedisQuota.install

    def install(self: RedisQuota, new: QuotaContext, state: QuotaState) -> Decision:
        installed.append(new.epoch)
        if len(installed) == 1:
            second = pool.submit(with_redis.rebuild, context, in_postgres=False)
            wait_for_lock_wait(database, second)
            seconds.append(second)
        return really(self, new, state)

    monkeypatch.setattr(RedisQuota, "install", install)
    seconds = list[Future[bool]]()
    with ThreadPoolExecutor(1) as pool:
        assert with_redis.rebuild(context, in_postgres=False)
        assert [second.result(30) for second in seconds] == [False]
    assert installed == [context.epoch + 1]


def test_counters_that_do_not_come_to_rest_grant_nothing(
    with_redis: Quota, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Quota, "rebuild", lambda *_, **__: False)
    with pytest.raises(TryAgainError) as refused:
        with_redis.reserve(account.id, Kind.GREET, "run", "a:1")
    assert refused.value.reason is Reason.QUOTA_UNREADABLE
