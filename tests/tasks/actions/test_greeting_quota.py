"""Greetings and the quota: units that are denied, asked for again, or lost to faults in a row."""

from datetime import timedelta
from uuid import UUID

import pytest

from db.store.actions import dispatch
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from tasks.actions.settle import Outcome
from tasks.quota import Grant
from tasks.services import Services
from tests import builders
from tests.db.helpers import LEASE
from tests.tasks.action_helpers import (
    perform_next,
    row,
    settle_slowly,
    state,
)
from tests.tasks.scripted_site import ScriptedSite
from worker.errors import Reason, TryAgainError
from worker.rules.model import ActionState, Kind
from worker.rules.policy import retry_wait
from worker.rules.quota import breaker
from worker.rules.quota.limits import Limits

PASSING = TryAgainError(Reason.SITE_UNREACHABLE, "the page went away")


@pytest.fixture
def account(without_pages: Services, scripted: ScriptedSite) -> AccountRecord:
    with without_pages.database.transaction() as session:
        return builders.an_account(session, site="ledger")


def test_sends_without_proof_in_a_row_open_the_breaker(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    settle_slowly(without_pages)
    scripted.deaf = True
    with without_pages.database.transaction() as session:
        for number in range(breaker.THRESHOLD + 1):
            builders.add_planned(session, account, builders.a_contact(session, account, f"person-{number}"))
    assert [perform_next(without_pages) for _ in range(breaker.THRESHOLD)] == [
        Outcome.UNCERTAIN
    ] * breaker.THRESHOLD
    assert perform_next(without_pages) is Outcome.DENIED


def test_without_an_answer_of_the_quota_nothing_is_done(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: object, **__: object) -> Grant:
        raise TryAgainError(Reason.QUOTA_UNREADABLE, "the counters were lost repeatedly")

    monkeypatch.setattr(without_pages.quota, "reserve", unreadable)
    assert perform_next(without_pages) is Outcome.POSTPONED
    assert state(without_pages, greeting) == (ActionState.PLANNED, Reason.QUOTA_UNREADABLE)
    assert scripted.steps == []


def test_what_the_quota_denies_waits_until_it_says_and_the_others_with_it(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    with without_pages.database.transaction() as session:
        hour = timedelta(hours=1)
        limits.set_limits(session, account.id, Kind.GREET, Limits(9, 9, 9, hour, hour), by="tests")
        others = [
            builders.add_planned(session, account, builders.a_contact(session, account, slug))
            for slug in "bc"
        ]
    assert [perform_next(without_pages), perform_next(without_pages)] == [Outcome.DONE, Outcome.DENIED]
    waiting = [each for each in (greeting, *others) if row(without_pages, each).state == ActionState.PLANNED]
    with without_pages.database.transaction() as session:
        soon = builders.database_now(session) + timedelta(minutes=50)
        assert dispatch.queue_due_actions(session, batch=9, lease=LEASE) == []
    assert len(waiting) == 2
    for each in waiting:
        assert state(without_pages, each)[1] is Reason.GAP
        assert row(without_pages, each).not_before > soon


def test_each_attempt_asks_for_a_unit_of_its_own(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, asked = without_pages.quota.reserve, []

    def reserve(account_id: int, kind: Kind, run_id: str, reservation: str, **_: object) -> Grant:
        asked.append(reservation)
        return really(account_id, kind, run_id, reservation)

    monkeypatch.setattr(without_pages.quota, "reserve", reserve)
    scripted.fail("open", PASSING)
    assert [perform_next(without_pages), perform_next(without_pages)] == [Outcome.POSTPONED, Outcome.DONE]
    assert len(set(asked)) == 2


def test_passing_faults_wait_longer_each_time_and_end_the_action_after_so_many(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.quota.arguments.THRESHOLD", 100)  # else the breaker opens
    scripted.fail("open", PASSING, times=5)
    for failures in range(4):
        assert perform_next(without_pages) is Outcome.POSTPONED
        with without_pages.database.transaction() as session:
            wait = builders.action(session, greeting).not_before - builders.database_now(session)
        assert wait > retry_wait(failures, 0) - timedelta(seconds=10)
    assert perform_next(without_pages) is Outcome.FAILED
    assert state(without_pages, greeting) == (ActionState.FAILED, Reason.TOO_MANY_ATTEMPTS)
