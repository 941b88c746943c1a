"""Decisions on one proposal at the same time."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from db.engine import Database
from db.store.actions import control, events
from db.store.actions.review import approval
from db.store.actions.review.approval import Decision, DecisionOutcome
from tests.builders import (
    a_contact,
    action,
    add_proposed,
    an_account,
)
from tests.db.approval.approval_helpers import one_waits, shown
from tests.db.helpers import (
    open_database,
    run_concurrently,
    wait_for_lock_wait,
)
from worker.errors import Reason


def test_of_those_who_decide_at_once_one_wins_and_the_others_are_told(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        _, action_id = one_waits(session)
        seen = shown(session, action_id).seen

    def decide(own: Database, number: int) -> Decision:
        with own.transaction() as session:
            if number % 2:
                return approval.drop_proposal(session, action_id, by=f"person {number}")
            return approval.approve_proposal(session, action_id, seen=seen, by=f"person {number}")

    told = run_concurrently(database_url, 8, decide)
    (winner,) = (number for number, decision in enumerate(told) if decision.outcome is DecisionOutcome.DONE)
    losers = [decision for decision in told if decision.outcome is not DecisionOutcome.DONE]
    assert {decision.outcome for decision in losers} == {DecisionOutcome.DECIDED}
    assert all(f"by person {winner}" in approval.describe_refusal(decision) for decision in losers)
    with database.transaction() as session:
        assert len(events.list_events(session, action_id)) == 2


def test_an_approval_waits_for_whoever_is_changing_the_text_and_then_sees_it(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        _, action_id = one_waits(session)
        seen = shown(session, action_id).seen

    def approve() -> DecisionOutcome:
        with open_database(database_url) as own, own.transaction() as session:
            return approval.approve_proposal(session, action_id, seen=seen, by="ann").outcome

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            session.execute(text("update actions set message = 'Hello!'"))
            approving = pool.submit(approve)
            wait_for_lock_wait(database, approving)
        assert approving.result(60) is DecisionOutcome.CHANGED
    with database.transaction() as session:
        assert action(session, action_id).message == "Hello!"


def test_two_accounts_that_say_never_of_one_person_at_once_do_not_wait_for_each_other(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        known = [an_account(session, f"account-{n}") for n in range(60)]
        ids = [add_proposed(session, account, a_contact(session, account, "ann")) for account in known]

    def say(own: Database, number: int) -> DecisionOutcome:
        with own.transaction() as session:
            return approval.never_contact(session, ids[number], by="me").outcome

    assert run_concurrently(database_url, 6, say) == [DecisionOutcome.DONE] * 6


def test_a_cancelled_campaign_and_an_approval_at_once_send_nothing(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        _, action_id = one_waits(session)
        seen = shown(session, action_id).seen
        campaign_id = action(session, action_id).campaign_id

    def change(own: Database, number: int) -> object:
        with own.transaction() as session:
            if number:
                return control.cancel_campaign(session, campaign_id)
            return approval.approve_proposal(session, action_id, seen=seen, by="ann")

    run_concurrently(database_url, 2, change)
    with database.transaction() as session:
        assert action(session, action_id).reason == Reason.CAMPAIGN_CANCELLED
