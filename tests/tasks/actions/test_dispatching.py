"""What the dispatcher publishes, and what becomes of the actions of dead workers."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

import tasks.entry.birthday
import tasks.entry.invitations
import tasks.entry.sourcing
import tasks.entry.visitor  # noqa: F401 -- registers the tasks that dispatch names
from db.store.actions import lifecycle
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from tasks.actions import dispatch as dispatching
from tasks.actions.dispatch import dispatch_due, dispatch_next
from tasks.actions.kinds import ACTION_TYPES
from tasks.actions.recover import recover_lapsed
from tasks.entry import actions as entry
from tasks.entry.in_turn import perform_and_dispatch_next
from tasks.services import Services
from tests import builders
from tests.db.helpers import claim_action, expire_leases
from tests.tasks.action_helpers import next_action, row, state, used_today, worker_taken_for_dead
from tests.tasks.search_helpers import a_reader, visits_of
from worker import logs
from worker.errors import Reason
from worker.rules.model import ActionState, Kind
from worker.rules.quota.limits import Limits


@pytest.fixture
def account(without_pages: Services) -> AccountRecord:
    return a_reader(without_pages, "demo")


@pytest.fixture
def greeting(without_pages: Services, account: AccountRecord) -> UUID:
    with without_pages.database.transaction() as session:
        return builders.add_planned(session, account, builders.a_contact(session, account, "ann"))


def test_a_message_is_published_when_what_it_speaks_of_is_committed(
    without_pages: Services, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[tuple[str, str, str, str]] = []

    def publish(task: str, action_id: str) -> None:
        stored = row(without_pages, UUID(action_id))  # on another connection
        published.append((task, action_id, stored.state, logs.current_correlation_id()))

    monkeypatch.setattr(dispatching, "publish_task", publish)
    assert dispatch_due(without_pages) == 1
    assert published == [("tasks.birthday.greet", str(greeting), "queued", "test")]
    assert dispatch_due(without_pages) == 0


@pytest.mark.parametrize(("ticks_s", "published"), [((0.0, 1.0), 3), ((0.0, 999.0), 1)])
def test_batches_follow_until_none_is_full_but_not_beyond_the_next_tick(
    without_pages: Services, monkeypatch: pytest.MonkeyPatch, ticks_s: tuple[float, float], published: int
) -> None:
    with without_pages.database.transaction() as session:
        for name in ("one", "two", "three"):
            account = builders.an_account(session, name)
            builders.add_planned(session, account, builders.a_contact(session, account, "ann"))
    began_s, later_s = ticks_s
    clock = iter([began_s])
    monkeypatch.setattr(dispatching, "monotonic_seconds", lambda: next(clock, later_s))
    monkeypatch.setattr(dispatching, "publish_task", lambda *_, **__: None)
    monkeypatch.setattr(dispatching, "BATCH", 1)
    assert dispatch_due(without_pages) == published


def test_when_an_action_ends_its_account_goes_on_at_once_and_a_message_delivered_twice_starts_nothing(
    without_pages: Services, account: AccountRecord, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[tuple[str, str]] = []
    monkeypatch.setattr(
        dispatching, "publish_task", lambda task, action_id: published.append((task, action_id))
    )
    assert dispatch_due(without_pages) == 1
    with without_pages.database.transaction() as session:
        following = builders.add_planned(session, account, builders.a_contact(session, account, "bob"))
    perform_and_dispatch_next(without_pages, greeting)
    assert state(without_pages, greeting) == (ActionState.DONE, None)
    assert published[1:] == [("tasks.birthday.greet", str(following))]
    assert row(without_pages, following).state == ActionState.QUEUED
    perform_and_dispatch_next(without_pages, greeting)
    assert len(published) == 2


def test_what_must_wait_for_the_gap_is_not_dispatched_before_and_other_kinds_are(
    without_pages: Services, account: AccountRecord, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[str] = []
    monkeypatch.setattr(dispatching, "publish_task", lambda task, **_: published.append(task))
    with without_pages.database.transaction() as session:
        hour = timedelta(hours=1)
        limits.set_limits(session, account.id, Kind.GREET, Limits(10, 10, 10, hour, hour), by="tests")
        following = builders.add_planned(session, account, builders.a_contact(session, account, "bob"))
    visits_of(without_pages, account, profiles=["ledger:cem"])
    assert dispatch_due(without_pages) == 1
    perform_and_dispatch_next(without_pages, greeting)
    waits = row(without_pages, following)
    assert (waits.state, waits.reason, waits.attempt) == (ActionState.PLANNED, Reason.GAP, 0)
    _, denied = without_pages.quota.remaining(account.id, Kind.GREET, "none")
    assert (denied.reason, denied.retry_at) == (Reason.GAP, waits.not_before)
    assert published == ["tasks.birthday.greet", "tasks.visitor.visit"]


def test_an_account_that_another_process_holds_is_left_to_the_tick(
    without_pages: Services, account: AccountRecord, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "publish_task", lambda *_, **__: None)
    with without_pages.database.transaction() as holder:
        holder.execute(text("select from accounts for update"))
        assert dispatch_next(without_pages, account.id) == 0
    assert row(without_pages, greeting).state == ActionState.PLANNED
    assert dispatch_due(without_pages) == 1


def test_a_message_that_is_lost_comes_back_when_an_action_can_be_under_way_no_longer(
    without_pages: Services, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "publish_task", lambda *_, **__: None)
    assert dispatch_due(without_pages) == 1
    queued = row(without_pages, greeting)
    with without_pages.database.transaction() as session:
        now = builders.database_now(session)
        assert queued.lease_until is not None
        assert now < queued.lease_until <= now + without_pages.settings.action_time_limit
        expire_leases(session)
    assert recover_lapsed(without_pages) == 1
    assert state(without_pages, greeting) == (ActionState.PLANNED, Reason.LEASE_LAPSED)
    assert dispatch_due(without_pages) == 1


def test_the_ticks_lines_about_an_action_have_the_id_of_what_planned_it(
    without_pages: Services, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "publish_task", lambda *_, **__: None)
    with capture_logs(processors=[merge_contextvars]) as lines, logs.bound(correlation_id="tick"):
        dispatch_due(without_pages)
        with without_pages.database.transaction() as session:
            expire_leases(session)
        recover_lapsed(without_pages)
    about = [(line["event"], line["action"], line["correlation_id"]) for line in lines]
    assert about == [("action_dispatched", str(greeting), "test"), ("lease_lapsed", str(greeting), "test")]


def test_each_kind_has_its_task() -> None:
    assert {kind: ACTION_TYPES[kind].task for kind in Kind} == {
        Kind.GREET: "tasks.birthday.greet",
        Kind.VISIT: "tasks.visitor.visit",
        Kind.COLLECT: "tasks.sourcing.collect",
        Kind.WITHDRAW: "tasks.invitations.withdraw",
    }


def test_what_a_dead_worker_had_not_begun_costs_nothing_and_what_it_had_stays_used(
    without_pages: Services, account: AccountRecord, greeting: UUID
) -> None:
    def taken(*, begins: bool) -> None:
        action_id = next_action(without_pages)
        with without_pages.database.transaction() as session:
            claim = claim_action(session, action_id)
        reservation = f"{claim.action_id}:{claim.attempt}"
        grant = without_pages.quota.reserve(account.id, claim.kind, str(claim.campaign_id), reservation)
        assert grant.decision.granted
        if begins:
            assert without_pages.quota.start(grant)
            with without_pages.database.transaction() as session:
                assert lifecycle.write_intent(session, claim)

    taken(begins=False)
    assert used_today(without_pages, account) == 1
    worker_taken_for_dead(without_pages)
    assert used_today(without_pages, account) == 0
    taken(begins=True)
    worker_taken_for_dead(without_pages)
    assert state(without_pages, greeting) == (ActionState.UNCERTAIN, Reason.LEASE_LAPSED)
    assert used_today(without_pages, account) == 1
    with without_pages.database.transaction() as session:
        builders.forget_actions(session)
    visits_of(without_pages, account, profiles=["ledger:ann"])
    taken(begins=True)
    worker_taken_for_dead(without_pages)
    assert used_today(without_pages, account, Kind.VISIT) == 1


def test_what_is_recovered_is_dispatched_at_once(
    without_pages: Services, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "get_services", lambda: without_pages)
    published: list[str] = []
    monkeypatch.setattr(dispatching, "publish_task", lambda _, action_id: published.append(action_id))
    entry.recover()
    assert published == []  # nothing had lapsed, so the dispatcher's own tick is soon enough
    next_action(without_pages)
    with without_pages.database.transaction() as session:
        expire_leases(session)
    entry.recover()
    assert published == [str(greeting)]
