"""A fault at each step of a visit: what the site saw, what is recorded, and what it costs."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select

from db.store.kill_switch import pull_kill_switch
from db.store.people.accounts import AccountRecord
from db.store.quota import ledger
from db.tables import Action
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.tasks.action_helpers import (
    an_hour_asleep,
    another_takes_over,
    perform_next,
    state,
    stopped_for,
    used_today,
)
from tests.tasks.scripted_site import ScriptedSite
from tests.tasks.search_helpers import a_reader, next_due, search_of, visits_of
from worker.errors import NeverError, RapportError, Reason, StopAccountError, TryAgainError
from worker.rules.model import ActionState, Kind
from worker.rules.quota import breaker

PASSING = TryAgainError(Reason.SITE_UNREACHABLE, "the page went away")
UNREADABLE = TryAgainError(Reason.SITE_UNEXPECTED, "the page is not as expected")
LIMITED = StopAccountError(Reason.LIMIT_PAGE, "the site says that it is enough")
GONE = NeverError(Reason.PROFILE_GONE, "the profile no longer exists")


@pytest.fixture
def account(without_pages: Services) -> AccountRecord:
    return a_reader(without_pages)


@pytest.fixture
def visit(without_pages: Services, scripted: ScriptedSite, account: AccountRecord) -> UUID:
    visits_of(without_pages, account, profiles=["ledger:ann"])
    with without_pages.database.transaction() as session:
        return session.scalars(select(Action.id)).one()


def when_the_site_is_asked_for(
    services: Services, site: ScriptedSite, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]
) -> None:
    """Let something happen after the grant and before the intent."""

    def asked(**_: object) -> ScriptedSite:
        happens()
        return site

    monkeypatch.setattr(services, "open_site", asked)


@pytest.mark.parametrize("error", [PASSING, UNREADABLE, LIMITED, GONE], ids=lambda error: error.reason)
def test_a_page_that_was_asked_for_is_paid_for_whatever_comes_of_it(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, visit: UUID,
    *, error: RapportError,
) -> None:  # fmt: skip
    scripted.fail("profile", error)
    assert perform_next(without_pages) is (Outcome.SKIPPED if error is GONE else Outcome.POSTPONED)
    ended = ActionState.SKIPPED if error is GONE else ActionState.PLANNED
    assert state(without_pages, visit) == (ended, error.reason)
    assert stopped_for(without_pages, account) == (error.reason if error is LIMITED else None)
    assert scripted.pictures == ([True] if error in (UNREADABLE, LIMITED) else [])
    if error is not LIMITED:  # which pauses the kind
        assert used_today(without_pages, account, Kind.VISIT) == 1


def test_a_gate_that_closes_before_the_intent_keeps_the_page_shut_and_costs_nothing(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, visit: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def stop_everything() -> None:
        with without_pages.database.transaction() as session:
            pull_kill_switch(session, "tests")

    when_the_site_is_asked_for(without_pages, scripted, monkeypatch, stop_everything)
    assert perform_next(without_pages) is Outcome.POSTPONED
    assert state(without_pages, visit) == (ActionState.PLANNED, Reason.KILL_SWITCH)
    assert scripted.steps == []
    assert used_today(without_pages, account, Kind.VISIT) == 0


def test_who_slept_before_the_intent_opens_nothing(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, visit: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    when_the_site_is_asked_for(without_pages, scripted, monkeypatch, an_hour_asleep(monkeypatch))
    assert perform_next(without_pages) is Outcome.POSTPONED
    assert state(without_pages, visit) == (ActionState.PLANNED, Reason.LEASE_LOST)
    assert scripted.steps == []
    assert used_today(without_pages, account, Kind.VISIT) == 0


def test_who_lost_the_action_keeps_nothing_of_the_page(
    without_pages: Services, scripted: ScriptedSite, visit: UUID
) -> None:
    scripted.on("profile", lambda: another_takes_over(without_pages))
    assert perform_next(without_pages) is Outcome.LOST
    assert state(without_pages, visit)[0] is ActionState.CLAIMED


def test_pages_that_fail_in_a_row_open_the_breaker(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    people = [f"ledger:person-{number}" for number in range(breaker.THRESHOLD + 1)]
    visits_of(without_pages, account, profiles=people)
    scripted.fail("profile", GONE)
    scripted.fail("profile", PASSING, times=breaker.THRESHOLD)
    outcomes = [perform_action(without_pages, next_due(without_pages)) for _ in people]
    assert outcomes == [Outcome.SKIPPED] + [Outcome.POSTPONED] * breaker.THRESHOLD
    visits_of(without_pages, account, profiles=["ledger:last"])
    assert perform_action(without_pages, next_due(without_pages)) is Outcome.DENIED


def test_a_page_of_people_is_tried_more_often_than_a_profile_which_its_person_sees(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    search_of(without_pages, account, people=3)
    scripted.fail("search", PASSING, times=2)
    assert [perform_next(without_pages) for _ in range(3)] == [
        Outcome.POSTPONED,
        Outcome.POSTPONED,
        Outcome.DONE,
    ]


def test_a_probe_whose_page_says_nothing_of_the_site_lets_the_next_one_through(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    with without_pages.database.transaction() as session:
        half_open = breaker.Breaker(breaker.THRESHOLD, 1, builders.database_now(session))
        ledger.write_breaker(session, account.id, Kind.VISIT, half_open)
    visits_of(without_pages, account, profiles=["ledger:ann", "ledger:bob"])
    scripted.fail("profile", GONE)
    assert [perform_next(without_pages) for _ in range(2)] == [Outcome.SKIPPED, Outcome.DONE]
