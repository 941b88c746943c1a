"""The quota as tasks use it: which engine decides, where units are settled, which breaker state is kept."""

from dataclasses import replace

import pytest

from db.engine import Database
from db.store.people.accounts import AccountRecord
from db.store.quota import epochs, ledger, limits
from tasks.quota import Quota, make_reservation_id, site_health
from tests import builders
from tests.quota.helpers import flush, used_today
from worker.errors import Reason, TryAgainError
from worker.rules.model import Kind
from worker.rules.quota.breaker import FIRST_WAIT, THRESHOLD, Breaker, Outcome
from worker.rules.quota.model import Verb, Verdict

FAILURE = Outcome.FAILURE


def remembered(database: Database, account: AccountRecord) -> Breaker:
    with database.transaction() as session:
        context = limits.load_context(session, account.id, Kind.GREET, "").context
        return ledger.read_ledger(session, context).breaker(Kind.GREET)


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
    assert used_today(without_redis, account) == 1


@pytest.mark.parametrize("engine", ["with_redis", "without_redis"])
def test_whichever_engine_granted_it_a_dead_worker_s_unit_goes_back(
    request: pytest.FixtureRequest, account: AccountRecord, engine: str
) -> None:
    quota: Quota = request.getfixturevalue(engine)
    assert quota.reserve(account.id, Kind.GREET, "run", "a:1").decision.granted
    assert used_today(quota, account) == 1
    quota.settle_by_id(Verb.RELEASE, account.id, Kind.GREET, "run", "a:1")
    assert used_today(quota, account) == 0


def test_an_attempt_s_unit_is_not_another_attempt_s(with_redis: Quota, account: AccountRecord) -> None:
    with with_redis._database.transaction() as session:
        action_id = builders.add_planned(session, account, builders.a_contact(session, account, "ann"))
    first, second = make_reservation_id(action_id, 1), make_reservation_id(action_id, 2)
    with_redis.reserve(account.id, Kind.GREET, "run", first)
    grant = with_redis.reserve(account.id, Kind.GREET, "run", second)
    with_redis.settle_by_id(Verb.RELEASE, account.id, Kind.GREET, "run", first)
    assert with_redis.start(grant)
    assert used_today(with_redis, account) == 1


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
