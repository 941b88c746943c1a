"""A lease is held while its worker works, and nothing is clicked after it was lost."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from db.engine import fetch_first
from db.store.actions import claims, dispatch, leases, lifecycle
from db.store.actions.claims import Claim
from tasks.actions.heartbeat import LeaseGuard, hold_lease
from tasks.actions.perform import perform_action
from tasks.actions.recover import recover_lapsed
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.cluster import wait_for
from tests.tasks.conftest import effects
from worker import clock, logs
from worker.browser.ledger import LedgerSite, LedgerThread
from worker.errors import Reason, TryAgainError
from worker.rules.model import ActionState
from worker.rules.policy import MAX_FAILURES

LEASE = timedelta(seconds=30)


@pytest.fixture
def queued(without_pages: Services) -> UUID:
    with without_pages.database.transaction() as session:
        account = builders.an_account(session, site="ledger")
        action_id = builders.add_planned(session, account, builders.a_contact(session, account, "ann"))
    with without_pages.database.transaction() as session:
        (due,) = dispatch.queue_due_actions(session, batch=1, lease=LEASE)
    assert due.action_id == action_id
    return action_id


def claim(services: Services, action_id: UUID) -> Claim:
    with services.database.transaction() as session:
        claimed = claims.claim_action(session, action_id, owner="test", lease=LEASE)
    assert claimed is not None
    return claimed


def lapse(services: Services) -> None:
    with services.database.transaction() as session:
        leases.void_leases(session)
    recover_lapsed(services)


def test_a_beat_extends_the_lease(without_pages: Services, queued: UUID) -> None:
    claimed = claim(without_pages, queued)
    with without_pages.database.transaction() as session:
        before = builders.action(session, queued).lease_until
    hold = LeaseGuard(LEASE, clock.monotonic_seconds())
    assert hold.renew(without_pages, claimed, clock.monotonic_seconds())
    with without_pages.database.transaction() as session:
        after = builders.action(session, queued).lease_until
    assert before is not None
    assert after is not None
    assert after > before
    hold.require(timedelta(seconds=1))


def test_the_lines_of_the_heartbeat_have_the_actions_correlation_id(
    without_pages: Services, queued: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed = claim(without_pages, queued)
    lapse(without_pages)
    quick = without_pages.settings.model_copy(update={"lease": timedelta(milliseconds=40)})
    monkeypatch.setattr(without_pages, "settings", quick)
    with (
        capture_logs(processors=[merge_contextvars]) as lines,
        logs.bound(correlation_id="crm-42"),
        hold_lease(without_pages, claimed),
    ):
        wait_for("the lost lease", lambda: bool(lines))
    assert [(line["event"], line["correlation_id"]) for line in lines] == [("lease_lost", "crm-42")]


def test_a_lease_counts_from_when_it_was_asked_for(without_pages: Services, queued: UUID) -> None:
    claimed = claim(without_pages, queued)
    hold = LeaseGuard(without_pages.settings.lease, clock.monotonic_seconds())
    slow_answer = clock.monotonic_seconds() - without_pages.settings.lease.total_seconds() + 5
    assert hold.renew(without_pages, claimed, slow_answer)
    hold.require(timedelta(0))
    with pytest.raises(TryAgainError):
        hold.require(timedelta(seconds=10))


def test_the_first_lease_counts_from_when_it_was_asked_for_too(
    without_pages: Services, queued: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease_s = without_pages.settings.lease.total_seconds()

    def answer_slowly(*given: Any) -> object:
        row = fetch_first(*given)
        late = clock.monotonic_seconds() + lease_s
        monkeypatch.setattr(clock, "monotonic_seconds", lambda: late)
        return row

    with monkeypatch.context() as patch:
        patch.setattr("db.store.actions.claims.fetch_first", answer_slowly)
        assert perform_action(without_pages, queued) is Outcome.POSTPONED
    assert effects(without_pages) == []


def test_a_beat_that_postgres_did_not_take_is_followed_by_the_next(
    without_pages: Services, queued: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_pages.settings = without_pages.settings.model_copy(update={"lease": timedelta(seconds=0.2)})
    claimed = claim(without_pages, queued)
    really, beats = claims.extend_lease, []

    def away_once(*arguments: object) -> bool:
        beats.append(arguments)
        if len(beats) == 1:
            raise OperationalError("update", {}, Exception("the connection is closed"))
        return really(*arguments)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(claims, "extend_lease", away_once)
    with hold_lease(without_pages, claimed):
        wait_for("a second beat", lambda: len(beats) > 1 or not any(map(is_heart, threading.enumerate())))
    assert len(beats) > 1


def is_heart(thread: threading.Thread) -> bool:
    return thread.name.startswith("heartbeat")


def test_a_lease_survives_two_beats_that_fail(
    without_pages: Services, queued: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    class Impatient(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            if timeout is None:
                return super().wait()  # for the thread's start
            waits.append(timeout)
            return True

    monkeypatch.setattr("tasks.actions.heartbeat.threading.Event", Impatient)
    with hold_lease(without_pages, claim(without_pages, queued)):
        pass
    assert waits[0] * 3 < without_pages.settings.lease.total_seconds()


def test_a_beat_after_the_loss_says_so(without_pages: Services, queued: UUID) -> None:
    claimed = claim(without_pages, queued)
    lapse(without_pages)
    hold = LeaseGuard(LEASE, clock.monotonic_seconds())
    assert not hold.renew(without_pages, claimed, clock.monotonic_seconds())
    with pytest.raises(TryAgainError, match="lease"):
        hold.require(timedelta(0))


def test_a_worker_that_slept_knows_it_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    hold = LeaseGuard(LEASE, clock.monotonic_seconds())
    hold.require(timedelta(seconds=20))
    awake = clock.monotonic_seconds() + LEASE.total_seconds() - 10
    monkeypatch.setattr(clock, "monotonic_seconds", lambda: awake)
    with pytest.raises(TryAgainError):
        hold.require(timedelta(seconds=20))


def test_the_thread_beats_while_the_work_goes_on(without_pages: Services, queued: UUID) -> None:
    quick = without_pages.settings.model_copy(update={"lease": timedelta(seconds=0.4)})
    without_pages.settings = quick
    claimed = claim(without_pages, queued)
    with without_pages.database.transaction() as session:
        before = builders.action(session, queued).lease_until

    def beaten() -> bool:
        with without_pages.database.transaction() as session:
            return builders.action(session, queued).lease_until != before

    with hold_lease(without_pages, claimed):
        wait_for("a beat", beaten)


def test_who_lost_the_action_before_the_intent_sends_nothing(
    without_pages: Services, queued: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_type = LedgerThread.type

    def sleep_while_typing(thread: LedgerThread, text: str) -> None:
        really_type(thread, text)
        lapse(without_pages)

    monkeypatch.setattr(LedgerThread, "type", sleep_while_typing)
    assert perform_action(without_pages, queued) is Outcome.POSTPONED
    assert len(effects(without_pages)) == 0
    with without_pages.database.transaction() as session:
        assert builders.action(session, queued).state == ActionState.PLANNED


def test_who_slept_between_intent_and_click_does_not_click(
    without_pages: Services, queued: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = lifecycle.write_intent

    def sleep_after(session: object, claimed: Claim) -> bool:
        intended = real(session, claimed)  # type: ignore[arg-type]  # handed through
        late = clock.monotonic_seconds() + 3600
        monkeypatch.setattr(clock, "monotonic_seconds", lambda: late)
        return intended

    monkeypatch.setattr(lifecycle, "write_intent", sleep_after)
    assert perform_action(without_pages, queued) is Outcome.UNCERTAIN
    assert len(effects(without_pages)) == 0
    with without_pages.database.transaction() as session:
        action = builders.action(session, queued)
        assert (action.state, action.reason) == (ActionState.UNCERTAIN, Reason.LEASE_LOST)


def test_a_late_record_of_a_lost_action_writes_nothing(
    without_pages: Services, queued: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The effect is in the thread, but the action was taken over: looking records it, once."""
    really_close = LedgerSite.screenshot

    def lose_it(site: LedgerSite, path: Path, *, masked: bool) -> None:
        really_close(site, path, masked=masked)
        lapse(without_pages)

    monkeypatch.setattr(LedgerSite, "screenshot", lose_it)
    assert perform_action(without_pages, queued) is Outcome.LOST
    monkeypatch.undo()
    with without_pages.database.transaction() as session:
        assert builders.action(session, queued).state == ActionState.UNCERTAIN
        (due,) = dispatch.queue_due_actions(session, batch=1, lease=LEASE)
    assert perform_action(without_pages, due.action_id) is Outcome.DONE
    assert len(effects(without_pages)) == 1


def test_an_action_that_kills_its_worker_each_time_ends_as_failed(
    without_pages: Services, queued: UUID
) -> None:
    for _ in range(MAX_FAILURES):
        claim(without_pages, queued)
        lapse(without_pages)
        with without_pages.database.transaction() as session:
            dispatch.queue_due_actions(session, batch=1, lease=LEASE)
    with without_pages.database.transaction() as session:
        action = builders.action(session, queued)
        assert (action.state, action.reason) == (ActionState.FAILED, Reason.TOO_MANY_ATTEMPTS)
