"""Looking at what may have happened: what each look says, and when the next one is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from db.store.actions import control, dispatch
from db.store.people.accounts import AccountRecord
from db.store.quota import ledger
from db.tables import Action, Interaction, QuotaCut
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX
from tests.db.helpers import LEASE, claim_action
from tests.tasks.action_helpers import (
    another_takes_over,
    next_action,
    perform_next,
    row,
    settle_slowly,
    state,
    stopped_for,
    used_today,
    worker_taken_for_dead,
)
from tests.tasks.scripted_site import ScriptedSite
from worker.errors import NeverError, Reason, StopAccountError, TryAgainError
from worker.rules.model import ActionState, Kind
from worker.rules.policy import MAX_FAILURES, MIN_RETRY_WAIT
from worker.rules.quota import breaker

ANN = f"{SANDBOX}ann/"

PASSING = TryAgainError(Reason.SITE_UNREACHABLE, "the page went away")


@pytest.fixture
def account(without_pages: Services, scripted: ScriptedSite) -> AccountRecord:
    with without_pages.database.transaction() as session:
        return builders.an_account(session, site="ledger")


@pytest.fixture
def greeting(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> UUID:
    """A greeting of Ann that was clicked and not proven. It reached nobody."""
    monkeypatch.setattr("worker.quota.arguments.THRESHOLD", 100)
    with without_pages.database.transaction() as session:
        action_id = builders.add_planned(session, account, builders.a_contact(session, account, "ann"))
    scripted.deaf = True
    assert perform_next(without_pages) is Outcome.UNCERTAIN
    return action_id


def look(services: Services) -> Outcome:
    """Look now, whatever the wait."""
    with services.database.transaction() as session:
        session.execute(update(Action).values(not_before=Action.created_at))
    return perform_next(services)


def is_due(services: Services) -> bool:
    with services.database.transaction() as session:
        due = dispatch.queue_due_actions(session, batch=1, lease=LEASE)
        session.rollback()
    return bool(due)


def wait_of(services: Services, action_id: UUID) -> timedelta:
    """Return for how long the action waits, at least."""
    with services.database.transaction() as session:
        now: datetime = builders.database_now(session)
        return builders.action(session, action_id).not_before - now


@pytest.mark.parametrize("step", ["open", "messages"])
@pytest.mark.parametrize("reason", [Reason.CHALLENGE, Reason.NOT_SIGNED_IN, Reason.LIMIT_PAGE])
def test_a_page_that_asks_for_a_person_says_nothing_and_stops_the_account(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID,
    *, step: str, reason: Reason,
) -> None:  # fmt: skip
    scripted.pictures.clear()
    scripted.fail(step, StopAccountError(reason, "the site asks for a person"))
    assert look(without_pages) is Outcome.UNCERTAIN
    assert len(scripted.pictures) == 1
    assert stopped_for(without_pages, account) is reason
    assert state(without_pages, greeting) == (ActionState.UNCERTAIN, reason)
    assert row(without_pages, greeting).looks == 0  # it is not absent for that
    assert used_today(without_pages, account) == 1
    with without_pages.database.transaction() as session:
        cut = session.scalars(select(QuotaCut.kind)).all()
    assert cut == ([Kind.GREET] if reason is Reason.LIMIT_PAGE else [])


def test_what_is_found_is_recorded_as_found_with_a_picture_and_counts(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    with without_pages.database.transaction() as session:
        now = builders.database_now(session)
    scripted.threads[ANN].append(builders.sent_message("Hi!", now))
    scripted.pictures.clear()
    assert look(without_pages) is Outcome.DONE
    with without_pages.database.transaction() as session:
        assert session.execute(select(Interaction.status, Interaction.message)).all() == [("found", "Hi!")]
    assert scripted.pictures == [False]
    assert used_today(without_pages, account) == 1
    assert without_pages.quota.compare_with_ledger(account.id)


def test_a_greeting_of_an_earlier_year_is_not_this_one(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    with without_pages.database.transaction() as session:
        long_ago = builders.database_now(session) - timedelta(days=365)
    scripted.threads[ANN].append(builders.sent_message("Hi!", long_ago))
    assert look(without_pages) is Outcome.UNCERTAIN


def test_two_looks_a_settle_time_apart_find_that_it_is_absent_and_free_its_unit(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    settle_slowly(without_pages)
    assert look(without_pages) is Outcome.UNCERTAIN
    assert state(without_pages, greeting) == (ActionState.UNCERTAIN, Reason.PROOF_MISSING)
    assert row(without_pages, greeting).looks == 1
    assert not is_due(without_pages)
    assert wait_of(without_pages, greeting) > timedelta(minutes=59)
    assert used_today(without_pages, account) == 1
    assert look(without_pages) is Outcome.POSTPONED
    assert state(without_pages, greeting) == (ActionState.PLANNED, Reason.PROOF_MISSING)
    assert used_today(without_pages, account) == 0
    assert scripted.sent == []


def test_the_first_look_waits_for_a_settle_time_too(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    settle_slowly(without_pages)
    scripted.deaf = True
    with without_pages.database.transaction() as session:
        action_id = builders.add_planned(session, account, builders.a_contact(session, account, "ann"))
    assert perform_next(without_pages) is Outcome.UNCERTAIN
    assert not is_due(without_pages)
    assert wait_of(without_pages, action_id) > timedelta(minutes=59)


def test_a_look_that_could_not_be_taken_waits_and_is_none_of_the_two(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    assert look(without_pages) is Outcome.UNCERTAIN
    scripted.fail("messages", PASSING)
    assert look(without_pages) is Outcome.UNCERTAIN
    after = row(without_pages, greeting)
    assert (after.state, after.reason, after.looks, after.failures) == ("uncertain", PASSING.reason, 1, 1)
    assert not is_due(without_pages)
    assert wait_of(without_pages, greeting) > MIN_RETRY_WAIT / 2 - timedelta(seconds=10)
    assert look(without_pages) is Outcome.POSTPONED


def test_what_can_never_be_looked_at_goes_to_a_person_after_so_many_tries(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    scripted.fail("open", PASSING, times=MAX_FAILURES)
    outcomes = [look(without_pages) for _ in range(MAX_FAILURES)]
    assert outcomes == [Outcome.UNCERTAIN] * (MAX_FAILURES - 1) + [Outcome.NEEDS_REVIEW]
    assert state(without_pages, greeting) == (ActionState.NEEDS_REVIEW, Reason.CANNOT_TELL)
    assert used_today(without_pages, account) == 1


def test_what_never_shows_goes_to_a_person_after_so_many_sends(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    ends = [Outcome.UNCERTAIN, Outcome.POSTPONED, Outcome.UNCERTAIN]
    outcomes = [look(without_pages) for _ in range(3 * MAX_FAILURES - 1)]
    assert outcomes == [*(ends * MAX_FAILURES)[: 3 * MAX_FAILURES - 2], Outcome.NEEDS_REVIEW]
    assert state(without_pages, greeting) == (ActionState.NEEDS_REVIEW, Reason.PROOF_MISSING)
    assert scripted.steps.count("click") == MAX_FAILURES


@pytest.mark.parametrize("reason", [Reason.PROFILE_GONE, Reason.NOT_CONNECTED])
def test_who_cannot_be_looked_up_any_more_goes_to_a_person(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID, reason: Reason
) -> None:
    scripted.fail("open", NeverError(reason, "the site says so"))
    assert look(without_pages) is Outcome.NEEDS_REVIEW
    assert state(without_pages, greeting) == (ActionState.NEEDS_REVIEW, reason)
    assert used_today(without_pages, account) == 1


def test_somebody_elses_conversation_tells_nothing(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    scripted.opens_as[ANN] = f"{SANDBOX}bob/"
    assert look(without_pages) is Outcome.NEEDS_REVIEW
    assert state(without_pages, greeting) == (ActionState.NEEDS_REVIEW, Reason.WRONG_RECIPIENT)


def test_who_lost_the_action_while_looking_frees_nothing(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    assert look(without_pages) is Outcome.UNCERTAIN
    scripted.on("messages", lambda: another_takes_over(without_pages))
    look(without_pages)
    assert row(without_pages, greeting).state == ActionState.UNCERTAIN
    assert used_today(without_pages, account) == 1


def test_who_lost_the_action_that_was_found_claims_nothing(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    with without_pages.database.transaction() as session:
        now = builders.database_now(session)
    scripted.threads[ANN].append(builders.sent_message("Hi!", now))
    scripted.on("picture", lambda: another_takes_over(without_pages))
    assert look(without_pages) is Outcome.LOST
    assert row(without_pages, greeting).state == ActionState.UNCERTAIN


def test_one_message_looks_once(without_pages: Services, scripted: ScriptedSite, greeting: UUID) -> None:
    assert look(without_pages) is Outcome.UNCERTAIN
    assert perform_action(without_pages, greeting) is Outcome.DUPLICATE
    assert scripted.steps.count("click") == 1


def test_an_empty_thread_that_may_hide_messages_is_no_absence(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    scripted.misses = True
    for _ in range(MAX_FAILURES - 1):
        assert look(without_pages) is Outcome.UNCERTAIN
        assert state(without_pages, greeting) == (ActionState.UNCERTAIN, Reason.CANNOT_TELL)
    assert look(without_pages) is Outcome.NEEDS_REVIEW
    assert scripted.sent == []


def _look_for_who_is_gone(services: Services, site: ScriptedSite) -> None:
    site.fail("open", NeverError(Reason.PROFILE_GONE, "the site says so"))
    assert look(services) is Outcome.NEEDS_REVIEW


def _look_and_die(services: Services, _site: ScriptedSite) -> None:
    for _ in range(MAX_FAILURES):
        with services.database.transaction() as session:
            session.execute(update(Action).values(not_before=Action.created_at))
        action_id = next_action(services)
        with services.database.transaction() as session:
            claim_action(session, action_id)
        worker_taken_for_dead(services)
    assert state(services, action_id) == (ActionState.NEEDS_REVIEW, Reason.CANNOT_TELL)


@pytest.mark.parametrize("end", [_look_for_who_is_gone, _look_and_die])
def test_a_probe_that_a_person_must_settle_lets_the_next_one_through(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord,
    end: Callable[[Services, ScriptedSite], None],
) -> None:  # fmt: skip
    with without_pages.database.transaction() as session:
        half_open = breaker.Breaker(breaker.THRESHOLD, 1, builders.database_now(session))
        ledger.write_breaker(session, account.id, Kind.GREET, half_open)
        builders.add_planned(session, account, builders.a_contact(session, account, "ann"))
    scripted.fail("click", TryAgainError(Reason.LEASE_LOST, "nothing of the site"))
    assert perform_next(without_pages) is Outcome.UNCERTAIN
    end(without_pages, scripted)
    with without_pages.database.transaction() as session:
        builders.add_planned(session, account, builders.a_contact(session, account, "bob"))
    assert perform_next(without_pages) is Outcome.DONE
    assert used_today(without_pages, account) == 2


def test_what_a_person_lets_send_again_gives_its_unit_back(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    _look_for_who_is_gone(without_pages, scripted)
    assert used_today(without_pages, account) == 1
    with without_pages.database.transaction() as session:
        assert control.settle_by_hand(session, greeting, ActionState.PLANNED)
    assert without_pages.quota.compare_with_ledger(account.id)
    assert used_today(without_pages, account) == 0
