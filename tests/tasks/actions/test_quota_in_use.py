"""The quota on the way of an action: what is granted, fenced, given back, and rebuilt."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import redis
from sqlalchemy import update

from db.store.actions import gates
from db.store.kill_switch import pull_kill_switch
from db.store.people.accounts import AccountRecord
from db.store.quota import ledger, limits
from db.tables import QuotaEpoch
from tasks.actions.settle import Outcome
from tasks.quota import Quota
from tasks.services import Services
from tests import builders
from tests.tasks.conftest import effects
from tests.tasks.quota_helpers import LEASE, go_on, left, reason, used_today
from worker.browser.ledger import LedgerSite, LedgerThread
from worker.errors import Reason, TryAgainError
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import Kind
from worker.rules.quota import breaker
from worker.rules.quota.limits import Limits
from worker.rules.quota.windows import Span
from worker.servers import redis_address

Plan = Callable[[str], UUID]
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def account(without_pages: Services) -> AccountRecord:
    with without_pages.database.transaction() as session:
        return builders.an_account(session, site="ledger")


@pytest.fixture
def plan(without_pages: Services, account: AccountRecord) -> Plan:
    def make(slug: str) -> UUID:
        with without_pages.database.transaction() as session:
            return builders.add_planned(session, account, builders.a_contact(session, account, slug))

    return make


def flush(services: Services) -> None:
    with redis.Redis.from_url(services.settings.required("redis_url").get_secret_value()) as client:
        client.flushall()


def without_redis(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Quota(
        services.database, RedisQuota(redis_quota.connect(redis_address.parse(NOWHERE))), lease=LEASE
    )
    monkeypatch.setitem(vars(services), "quota", away)


def before_typing(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Let something happen between the grant and the intent, once."""
    really = LedgerThread.type

    def typed(thread: LedgerThread, text: str) -> None:
        monkeypatch.setattr(LedgerThread, "type", really)
        happens()
        thread.type(text)

    monkeypatch.setattr(LedgerThread, "type", typed)


def test_while_redis_is_away_postgres_decides_by_the_same_limits(
    without_pages: Services,
    account: AccountRecord,
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with without_pages.database.transaction() as session:
        two = Limits(5, 2, 5, timedelta(0), timedelta(0))
        limits.set_limits(session, account.id, Kind.GREET, two, by="tests")
    first, second, third = plan("ann"), plan("bob"), plan("cem")
    assert go_on(without_pages) is Outcome.DONE
    with monkeypatch.context() as patch:
        without_redis(without_pages, patch)
        assert [go_on(without_pages), go_on(without_pages)] == [Outcome.DONE, Outcome.DENIED]
    assert len(effects(without_pages)) == 2
    assert Reason.DAY_LIMIT in {reason(without_pages, each) for each in (first, second, third)}
    # Redis is back: what Postgres granted meanwhile counts there too
    assert go_on(without_pages) is Outcome.DENIED
    assert left(without_pages, account).day == 0


def test_what_redis_forgets_between_the_grant_and_the_intent_is_not_sent_on_that_grant(
    without_pages: Services,
    account: AccountRecord,
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    action_id = plan("ann")
    before_typing(monkeypatch, lambda: flush(without_pages))
    assert go_on(without_pages) is Outcome.POSTPONED
    assert reason(without_pages, action_id) is Reason.QUOTA_CHANGED
    assert effects(without_pages) == []
    assert go_on(without_pages) is Outcome.DONE
    assert used_today(without_pages, account) == 1


def test_a_rebuild_between_the_start_and_the_intent_fences_the_grant(
    without_pages: Services,
    account: AccountRecord,
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    action_id = plan("ann")
    really = Quota.start

    def started(self: Quota, grant: object) -> bool:
        assert really(self, grant)  # type: ignore[arg-type]  # handed through as it came
        with without_pages.database.transaction() as session:
            session.execute(update(QuotaEpoch).values(epoch=QuotaEpoch.epoch + 1))
        return True

    with monkeypatch.context() as patch:
        patch.setattr(Quota, "start", started)
        assert go_on(without_pages) is Outcome.POSTPONED
    assert reason(without_pages, action_id) is Reason.QUOTA_CHANGED
    assert effects(without_pages) == []
    assert go_on(without_pages) is Outcome.DONE


def test_after_redis_forgot_everything_the_counters_come_back_from_the_ledger(
    without_pages: Services, account: AccountRecord, plan: Plan
) -> None:
    for slug in ("ann", "bob"):
        plan(slug)
        assert go_on(without_pages) is Outcome.DONE
    flush(without_pages)
    assert used_today(without_pages, account) == 2


def test_a_rebuild_takes_each_kinds_gap_as_long_as_it_can_be(
    without_pages: Services, account: AccountRecord, plan: Plan
) -> None:
    plan("ann")
    assert go_on(without_pages) is Outcome.DONE
    hour = timedelta(hours=1)
    with without_pages.database.transaction() as session:
        spaced = Limits(10, 10, 10, timedelta(0), hour)
        limits.set_limits(session, account.id, Kind.GREET, spaced, by="tests")
    flush(without_pages)
    # asked for another kind, whose own gap is shorter
    without_pages.quota.remaining(account.id, Kind.VISIT, "none")
    _, decision = without_pages.quota.remaining(account.id, Kind.GREET, "none")
    assert decision.reason is Reason.GAP


def test_what_may_have_happened_counts_after_a_rebuild_and_no_more_once_it_is_surely_absent(
    without_pages: Services,
    account: AccountRecord,
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(_: LedgerThread) -> None:
        raise TryAgainError(Reason.SITE_UNREACHABLE, "the page went away before the click")

    plan("ann")
    with monkeypatch.context() as patch:
        patch.setattr(LedgerThread, "click_send", never)
        assert go_on(without_pages) is Outcome.UNCERTAIN
    assert used_today(without_pages, account) == 1
    flush(without_pages)
    assert used_today(without_pages, account) == 1
    assert [go_on(without_pages), go_on(without_pages)] == [Outcome.UNCERTAIN, Outcome.POSTPONED]
    assert used_today(without_pages, account) == 0


def test_working_hours_that_end_before_the_click_keep_it_from_happening(
    without_pages: Services,
    account: AccountRecord,
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later = Span(datetime(2999, 1, 1, tzinfo=UTC), datetime(2999, 1, 2, tzinfo=UTC))
    action_id = plan("ann")
    with monkeypatch.context() as patch:
        patch.setattr(gates, "opening", lambda *_: later)
        assert go_on(without_pages) is Outcome.POSTPONED
    assert reason(without_pages, action_id) is Reason.OUTSIDE_HOURS
    assert effects(without_pages) == []
    assert used_today(without_pages, account) == 0


def test_faults_of_the_site_in_a_row_open_the_breaker_and_its_probe_closes_it(
    without_pages: Services,
    account: AccountRecord,
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def down(*_: object) -> LedgerThread:
        raise TryAgainError(Reason.SITE_UNREACHABLE, "the site does not answer")

    people = [plan(f"person-{n}") for n in range(breaker.THRESHOLD + 1)]
    with monkeypatch.context() as patch:
        patch.setattr(LedgerSite, "open_thread", down)
        for _ in range(breaker.THRESHOLD):
            assert go_on(without_pages) is Outcome.POSTPONED
        assert go_on(without_pages) is Outcome.DENIED
    assert Reason.BREAKER_OPEN in {reason(without_pages, each) for each in people}
    flush(without_pages)  # a breaker is not forgotten with the counters
    assert go_on(without_pages) is Outcome.DENIED
    context, _ = without_pages.quota.remaining(account.id, Kind.GREET, "none")
    with without_pages.database.transaction() as session:
        half_open = breaker.Breaker(breaker.THRESHOLD, 1, builders.database_now(session))
        ledger.write_breaker(session, account.id, Kind.GREET, half_open)
    without_pages.quota.rebuild(context, in_postgres=False)
    assert go_on(without_pages) is Outcome.DONE
    _, decision = without_pages.quota.remaining(account.id, Kind.GREET, "none")
    assert decision.breaker == breaker.Breaker()


def test_a_gate_that_closed_is_why_it_waits_and_not_the_gap_that_the_others_wait_for(
    without_pages: Services, account: AccountRecord, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pull() -> None:
        with without_pages.database.transaction() as session:
            pull_kill_switch(session, "tests")

    with without_pages.database.transaction() as session:
        hour = timedelta(hours=1)
        limits.set_limits(session, account.id, Kind.GREET, Limits(10, 10, 10, hour, hour), by="tests")
    first, second = plan("ann"), plan("bob")
    before_typing(monkeypatch, pull)
    assert go_on(without_pages) is Outcome.POSTPONED
    assert reason(without_pages, first) is Reason.KILL_SWITCH
    assert reason(without_pages, second) is Reason.GAP
