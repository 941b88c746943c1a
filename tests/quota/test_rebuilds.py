"""When the counters are compared with the ledger and rebuilt, and by whom."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest

from db.engine import Database
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from tasks.quota import Quota
from tests import builders
from tests.db.helpers import run_without_triggers, wait_for_lock_wait
from tests.notices_helpers import kinds
from tests.quota.helpers import flush, used_today
from worker.errors import Reason, TryAgainError
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import Kind
from worker.rules.quota.model import Decision, QuotaContext, QuotaState, Remaining


def epoch(database: Database, account: AccountRecord) -> int:
    with database.transaction() as session:
        return limits.load_context(session, account.id, Kind.GREET, "").context.epoch


def test_counters_of_whichever_kind_that_hold_too_much_or_too_little_are_written_anew(
    with_redis: Quota, database: Database, account: AccountRecord
) -> None:
    assert used_today(with_redis, account) == 0
    before = epoch(database, account)
    assert with_redis.compare_with_ledger(account.id)
    assert with_redis.start(with_redis.reserve(account.id, Kind.COLLECT, "nobody's", "lost:1"))
    assert not with_redis.compare_with_ledger(account.id)
    assert used_today(with_redis, account, Kind.COLLECT) == 0
    with database.transaction() as session:
        builders.add_planned(session, account, builders.a_contact(session, account, "ann"))
        run_without_triggers(
            session, "update actions set state = 'done', acting_since = now(), acting_attempt = 1"
        )
    assert not with_redis.compare_with_ledger(account.id)
    assert used_today(with_redis, account) == 1
    assert with_redis.compare_with_ledger(account.id)
    assert epoch(database, account) == before + 2
    with database.transaction() as session:
        assert kinds(session) == ["quota_disagreement"] * 2


def test_a_unit_too_much_of_one_kind_and_one_too_few_of_another_do_not_make_up_for_each_other(
    with_redis: Quota, database: Database, account: AccountRecord
) -> None:
    assert used_today(with_redis, account) == 0
    assert with_redis.start(with_redis.reserve(account.id, Kind.COLLECT, "nobody's", "lost:1"))
    with database.transaction() as session:
        builders.add_planned(session, account, builders.a_contact(session, account, "ann"))
        run_without_triggers(
            session,
            "update actions set state = 'done', kind = 'withdraw', acting_since = now(), acting_attempt = 1",
        )
    assert not with_redis.compare_with_ledger(account.id)
    assert (
        used_today(with_redis, account, Kind.COLLECT),
        used_today(with_redis, account, Kind.WITHDRAW),
    ) == (0, 1)


def test_while_an_action_is_under_way_its_reservation_is_no_difference(
    with_redis: Quota, database: Database, account: AccountRecord
) -> None:
    assert with_redis.reserve(account.id, Kind.GREET, "run", "a:1").decision.granted
    with database.transaction() as session:
        builders.add_planned(session, account, builders.a_contact(session, account, "ann"))
        run_without_triggers(session, "update actions set state = 'claimed', lease_until = now()")
    before = epoch(database, account)
    assert with_redis.compare_with_ledger(account.id)
    assert epoch(database, account) == before
    with database.transaction() as session:
        run_without_triggers(session, "update actions set state = 'planned', lease_until = null")
    assert not with_redis.compare_with_ledger(account.id)


def test_lost_counters_and_a_redis_that_is_away_are_no_difference(
    with_redis: Quota, without_redis: Quota, database: Database, redis_url: str, account: AccountRecord
) -> None:
    assert used_today(with_redis, account) == 0
    before = epoch(database, account)
    flush(redis_url)
    assert with_redis.compare_with_ledger(account.id)
    assert without_redis.compare_with_ledger(account.id)
    assert epoch(database, account) == before


def test_a_difference_that_is_gone_at_the_second_look_is_none(
    with_redis: Quota, database: Database, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert used_today(with_redis, account) == 0
    before = epoch(database, account)
    really = RedisQuota.remaining
    looks: list[QuotaContext] = []

    def an_action_ends_between_the_readings(self: RedisQuota, context: QuotaContext) -> Decision:
        looks.append(context)
        told = really(self, context)
        return told if len(looks) > 1 else replace(told, remaining=Remaining(1, 1, 1, 1, 1))

    monkeypatch.setattr(RedisQuota, "remaining", an_action_ends_between_the_readings)
    assert with_redis.compare_with_ledger(account.id)
    assert epoch(database, account) == before


def test_a_rebuild_that_redis_did_not_take_ends_every_grant_and_is_made_by_whoever_asks_next(
    with_redis: Quota, without_redis: Quota, database: Database, account: AccountRecord
) -> None:
    grant = with_redis.reserve(account.id, Kind.GREET, "run", "a:1")
    assert not without_redis.rebuild(grant.context, in_postgres=False)
    assert epoch(database, account) == grant.context.epoch + 1
    assert not with_redis.rebuild(grant.context, in_postgres=False)
    assert epoch(database, account) == grant.context.epoch + 1
    assert used_today(with_redis, account) == 0
    assert epoch(database, account) == grant.context.epoch + 2


def test_while_one_rebuilds_its_epoch_is_nobody_s_and_its_counters_are_read_after_it(
    with_redis: Quota, database: Database, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second process that finds the counters lost waits for the rebuild, and does not repeat it."""
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
