"""`rapport actions review` and `settle`: a person says what is in the thread."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from db.engine import Database
from db.store.actions import control, lifecycle
from db.store.people import accounts
from tests.builders import SANDBOX, action, contact_by_slug
from tests.cli.conftest import Rapport
from tests.cli.plans import a_plan, due, state
from tests.db.helpers import claim_action, make_due, queue_due_actions, run_without_triggers
from worker.errors import Reason
from worker.rules.model import ActionState


def for_review(database: Database) -> tuple[UUID, UUID]:
    """Create an action that a person must settle; return its id and its campaign's."""
    with database.transaction() as session:
        _, campaign_id, (action_id,) = a_plan(session, people=1)
        (_,) = queue_due_actions(session)
        claim = claim_action(session, action_id)
        lifecycle.write_intent(session, claim)
        lifecycle.mark_uncertain(
            session, claim, reason=Reason.PROOF_MISSING, detail="", wait=timedelta(seconds=-1)
        )
        queue_due_actions(session)
        looking = claim_action(session, action_id)
        lifecycle.mark_needs_review(session, looking, reason=Reason.CANNOT_TELL, detail="two [bubbles]")
    return action_id, campaign_id


def test_review_lists_what_waits_for_a_person_with_reason_and_detail(
    database: Database, rapport: Rapport
) -> None:
    assert rapport("actions", "review") == "nothing waits for you\n"
    action_id, _ = for_review(database)
    said = rapport("actions", "review", "--account", "demo")
    for part in (
        "P0",
        "nobody but a person can tell",
        "two [bubbles]",
        f"{SANDBOX}p0/",
        "Hi!",
        str(action_id)[:8],
    ):
        assert part in said
    assert "no account called 'other'" in rapport.refused("actions", "review", "--account", "other")


def test_settled_as_done_nobody_is_greeted_again_and_no_interaction_is_made_up(
    database: Database, rapport: Rapport
) -> None:
    action_id, _ = for_review(database)
    assert "No interaction is recorded" in rapport("actions", "settle", str(action_id), "done")
    with database.transaction() as session:
        row = action(session, action_id)
        assert (row.state, row.reason) == (ActionState.DONE, Reason.SETTLED_BY_HAND)
        assert row.acting_since is not None  # a possible effect keeps its date for the ledger
        account = accounts.get_account(session, row.account_id)
        assert contact_by_slug(session, account, "p0").last_greeted_on == row.occasion_on
        assert session.execute(text("select count(*) from interactions")).scalar_one() == 0
    assert "only one that needs_review" in rapport.refused("actions", "settle", str(action_id), "skip")


def test_an_older_occasion_settled_late_leaves_the_younger_date(database: Database) -> None:
    action_id, _ = for_review(database)
    with database.transaction() as session:
        row = action(session, action_id)
        younger = row.occasion_on + timedelta(days=40)
        contact = contact_by_slug(session, accounts.get_account(session, row.account_id), "p0")
        contact.last_greeted_on = younger
        session.flush()
        assert control.settle_by_hand(session, action_id, ActionState.DONE)
        session.expire_all()
        assert contact.last_greeted_on == younger


def test_settled_as_again_it_is_due_with_its_counters_fresh(database: Database, rapport: Rapport) -> None:
    action_id, _ = for_review(database)
    assert "planned again: P0" in rapport("actions", "settle", str(action_id)[:8], "again")
    with database.transaction() as session:
        row = action(session, action_id)
        assert (row.state, row.reason) == (ActionState.PLANNED, Reason.SETTLED_BY_HAND)
        assert (row.looks, row.failures, row.acting_since, row.acting_attempt) == (0, 0, None, None)
    assert due(database) == [action_id]


def test_settled_as_skip_it_is_over(database: Database, rapport: Rapport) -> None:
    action_id, _ = for_review(database)
    assert "nothing more is sent to P0" in rapport("actions", "settle", str(action_id), "skip")
    assert state(database, action_id) == ("skipped", "settled_by_hand")
    assert due(database) == []


def test_again_in_a_cancelled_campaign_is_refused_with_the_way_out(
    database: Database, rapport: Rapport
) -> None:
    action_id, campaign_id = for_review(database)
    rapport("campaign", "cancel", str(campaign_id))
    assert "settle it as done or skip" in rapport.refused("actions", "settle", str(action_id), "again")
    assert state(database, action_id)[0] == "needs_review"


def test_a_state_that_no_person_may_choose_is_an_error(database: Database) -> None:
    with database.transaction() as session, pytest.raises(ValueError, match="cannot move"):
        control.settle_by_hand(session, uuid4(), ActionState.ACTING)


def test_an_action_that_is_gone_while_it_is_settled_is_said_to_be(
    database: Database, rapport: Rapport
) -> None:
    with database.transaction() as session:
        _, _, (action_id,) = a_plan(session, people=1)
        run_without_triggers(session, "update actions set state = 'failed', reason = 'too_many_attempts'")
        make_due(session)
    assert "the action is failed" in rapport.refused("actions", "settle", str(action_id), "again")
