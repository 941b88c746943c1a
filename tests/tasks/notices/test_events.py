"""Each fact that people are told of writes one event, in its own transaction."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import lifecycle, plans
from db.store.actions.claims import Claim
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns
from db.store.people import accounts
from tasks.stopping import stop_account
from tests.builders import a_campaign, a_contact, add_planned, add_proposed, an_account, database_now
from tests.db.helpers import claim_action, queue_due_actions
from tests.notices_helpers import events, kinds
from worker.errors import Reason, StopAccountError
from worker.rules.model import Kind

CHALLENGE = StopAccountError(Reason.CHALLENGE, "the site shows a challenge; a person must answer it")
LOGIN = StopAccountError(Reason.NOT_SIGNED_IN, "the site asks to sign in again")


def an_uncertain_action(session: Session) -> Claim:
    account = an_account(session)
    action_id = add_planned(session, account, a_contact(session, account, "ann", name="Ann Smith"))
    queue_due_actions(session)
    claim = claim_action(session, action_id)
    assert lifecycle.write_intent(session, claim)
    assert lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="", wait=timedelta(0))
    return claim


def test_a_stop_is_told_once_and_again_after_it_was_cleared(database: Database) -> None:
    action_id = UUID(int=7)
    with database.transaction() as session:
        account = an_account(session)
    with database.transaction() as session:
        stop_account(session, account.id, Kind.GREET, CHALLENGE, action_id=action_id)
    with database.transaction() as session:  # an action that was under way meets the same page
        stop_account(session, account.id, Kind.VISIT, CHALLENGE)
        ((kind, payload),) = events(session)
    assert kind == "account_stopped"
    assert payload == {
        "account": "demo", "reason": "challenge", "detail": str(CHALLENGE), "kind": "greet",
        "action": str(action_id),
    }  # fmt: skip
    with database.transaction() as session:
        accounts.save_session(session, account.id, b"sealed")
    with database.transaction() as session:
        stop_account(session, account.id, Kind.GREET, CHALLENGE)
        assert kinds(session) == ["account_stopped", "account_stopped"]


def test_a_sign_in_page_is_told_as_a_refused_session_and_another_page_afterwards_too(
    database: Database,
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        stop_account(session, account.id, Kind.GREET, LOGIN)
        stop_account(session, account.id, Kind.GREET, CHALLENGE)
        assert kinds(session) == ["session_refused", "account_stopped"]


def test_an_action_that_a_person_must_decide_on_is_told_without_the_person_s_name(database: Database) -> None:
    with database.transaction() as session:
        claim = an_uncertain_action(session)
        lost = replace(claim, attempt=claim.attempt + 1)
        assert not lifecycle.mark_needs_review(session, lost, reason=Reason.CANNOT_TELL, detail="")
        assert kinds(session) == []
        assert lifecycle.mark_needs_review(session, claim, reason=Reason.CANNOT_TELL, detail="")
        ((kind, payload),) = events(session)
    assert kind == "needs_review"
    assert payload == {
        "account": "demo", "action": str(claim.action_id), "kind": "greet", "reason": "cannot_tell",
    }  # fmt: skip


def test_a_plan_that_waits_for_approval_is_told_once_with_its_number(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        today = database_now(session).date()
        campaign = campaigns.find_campaign(session, a_campaign(session, account))
        assert campaign is not None
        people = [a_contact(session, account, slug) for slug in ("ann", "bob", "left-out")]
        drafts = [PlannedAction(each.id, "birthday:2026", today, "Hi!") for each in people]
        drafts[2] = replace(drafts[2], reason=Reason.NO_NAME)
        plans.insert_plan(session, campaign, Kind.GREET, drafts[2:], needs_approval=True)
        assert kinds(session) == []  # nothing waits
        for _ in range(2):  # the second time plans nothing
            plans.insert_plan(session, campaign, Kind.GREET, drafts, needs_approval=True)
        ((kind, payload),) = events(session)
        plans.insert_plan(
            session, campaign, Kind.GREET, [PlannedAction(people[0].id, "birthday:2027", today, "Hi!")]
        )
        assert kinds(session) == ["approval_waiting"]
    assert kind == "approval_waiting"
    assert payload == {"account": "demo", "campaign": str(campaign.id), "count": 2}


def test_greetings_that_are_proposed_again_are_told_once_a_day_for_a_campaign(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        campaign_id = a_campaign(session, account)
        for slug in ("ann", "bob"):
            person = a_contact(session, account, slug)
            action_id = add_planned(session, account, person, campaign_id=campaign_id)
            queue_due_actions(session)
            claim = claim_action(session, action_id)
            for is_first in (True, False):
                proposed = lifecycle.propose_again(session, claim, reason=Reason.NAME_DIFFERS, detail="")
                assert proposed is is_first
        ((kind, payload),) = events(session)
    assert (kind, payload["reason"]) == ("approval_waiting", "name_differs")


def test_a_campaign_that_could_not_be_planned_is_told_with_the_reason(database: Database) -> None:
    with database.transaction() as session:
        campaign_id = a_campaign(session, an_account(session))
        for _ in range(2):
            campaigns.mark_failed(session, campaign_id, Reason.CHALLENGE, "a page " + 300 * "x")
        ((kind, payload),) = events(session)
    assert kind == "campaign_ended"
    assert (payload["outcome"], payload["reason"], len(payload["detail"])) == ("failed", "challenge", 200)


FACTS: dict[str, Callable[[Session], object]] = {
    "account_stopped": lambda s: stop_account(s, an_account(s).id, Kind.GREET, CHALLENGE),
    "session_refused": lambda s: stop_account(s, an_account(s).id, Kind.GREET, LOGIN),
    "needs_review": lambda s: lifecycle.mark_needs_review(
        s, an_uncertain_action(s), reason=Reason.CANNOT_TELL, detail=""
    ),
    "approval_waiting": lambda s: add_proposed(s, (a := an_account(s)), a_contact(s, a, "ann")),
    "campaign_ended": lambda s: campaigns.mark_failed(
        s, a_campaign(s, an_account(s)), Reason.CHALLENGE, "it failed"
    ),
}


@pytest.mark.parametrize("kind", FACTS)
def test_an_event_is_rolled_back_with_its_fact(database: Database, kind: str) -> None:
    def fail(session: Session) -> None:
        FACTS[kind](session)
        assert kinds(session) == [kind]
        raise InterruptedError

    with pytest.raises(InterruptedError), database.transaction() as session:
        fail(session)
    with database.transaction() as session:
        assert kinds(session) == []
