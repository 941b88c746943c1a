"""Proposals: shown with all facts for the decision, sent only as approved, decided by one person only."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from db.engine import Database, RowRefusedError
from db.store.actions import control, events, gates
from db.store.actions.gates import ClosedGate
from db.store.actions.review import approval, proposals
from db.store.actions.review.approval import Decision, DecisionOutcome
from db.store.people import contacts
from db.tables import Action, Campaign
from tests.builders import (
    SANDBOX,
    a_campaign,
    a_contact,
    action,
    add_planned,
    add_proposed,
    an_account,
    contact_by_slug,
)
from tests.db.approval.approval_helpers import one_waits, shown
from tests.db.helpers import (
    claim_action,
    queue_due_actions,
    run_without_triggers,
)
from worker.errors import Reason
from worker.rules.messages.approval import TextRefusedError, approval_hash
from worker.rules.model import ActionState, CampaignState

S = ActionState


def yes(session: Session, action_id: UUID) -> Decision:
    return approval.approve_proposal(session, action_id, seen=shown(session, action_id).seen, by="ann@host")


def test_what_nobody_approved_is_never_dispatched_and_what_somebody_did_is(session: Session) -> None:
    _, action_id = one_waits(session)
    assert queue_due_actions(session) == []
    assert yes(session, action_id) == Decision(DecisionOutcome.DONE, S.PLANNED, None, "approved by ann@host")
    assert queue_due_actions(session) == [action_id]
    assert gates.find_closed_gate(session, claim_action(session, action_id)) is None
    row = action(session, action_id)
    assert (row.approval, row.approved_by) == (approval_hash(f"{SANDBOX}ann/", "Hi!"), "ann@host")


UNAPPROVED = sorted(set(S) - {S.PROPOSED, S.SKIPPED})


@pytest.mark.parametrize("state", UNAPPROVED)
def test_the_table_refuses_every_other_state_without_an_approval(database: Database, state: S) -> None:
    with database.transaction() as session:
        one_waits(session)
    moved = f"update actions set lease_until = now(), reason = 'gap', state = '{state}'"
    with pytest.raises(RowRefusedError, match="ck_actions_approved"), database.transaction() as session:
        run_without_triggers(session, moved)
    with database.transaction() as session:
        run_without_triggers(session, f"{moved}, approval = 'given'")


def test_an_approval_leaves_the_place_in_the_row_and_an_event_that_names_who(database: Database) -> None:
    with database.transaction() as session:
        account, first = one_waits(session)
    with database.transaction() as session:
        second = add_planned(session, account, a_contact(session, account, "bob"))
    with database.transaction() as session:
        yes(session, first)
        last = events.list_events(session, first)[-1]
        assert (last.from_state, last.to_state, last.reason) == (S.PROPOSED, S.PLANNED, None)
        assert last.actor == "tests"
        assert queue_due_actions(session) == [first]
        assert action(session, second).state == S.PLANNED


CHANGES = {
    "the text": "update actions set message = 'Hello!'",
    "the recipient": f"update contacts set profile_url = '{SANDBOX}other/'",
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_has_changed_since_it_was_shown_is_not_approved(database: Database, what: str) -> None:
    with database.transaction() as session:
        _, action_id = one_waits(session)
        seen = shown(session, action_id).seen
    with database.transaction() as session:
        session.execute(text(CHANGES[what]))
    with database.transaction() as session:
        for decision in (
            approval.approve_proposal(session, action_id, seen=seen, by="ann"),
            approval.edit_proposal(session, action_id, "Mine", seen=seen, by="ann"),
        ):
            assert decision.outcome is DecisionOutcome.CHANGED
            assert "look at it again" in approval.describe_refusal(decision)
        row = action(session, action_id)
        assert (row.state, row.reason, row.approval) == (S.PROPOSED, Reason.AWAITING_APPROVAL, None)
        assert yes(session, action_id).outcome is DecisionOutcome.DONE


@pytest.mark.parametrize("what", CHANGES)
def test_what_changes_after_the_approval_meets_the_gate(session: Session, what: str) -> None:
    _, action_id = one_waits(session)
    yes(session, action_id)
    session.execute(text(CHANGES[what]))
    queue_due_actions(session)
    assert gates.find_closed_gate(session, claim_action(session, action_id)) == ClosedGate(
        Reason.NOT_APPROVED
    )


def test_an_edited_text_is_what_is_approved_and_sent(session: Session) -> None:
    _, action_id = one_waits(session)
    seen = shown(session, action_id).seen
    decision = approval.edit_proposal(session, action_id, " Mine, with love\r\n", seen=seen, by="ann")
    assert (decision.outcome, decision.state) == (DecisionOutcome.DONE, S.PLANNED)
    queue_due_actions(session)
    claim = claim_action(session, action_id)
    assert claim.message == "Mine, with love"
    assert gates.find_closed_gate(session, claim) is None


def test_a_text_that_cannot_be_sent_changes_nothing(session: Session) -> None:
    _, action_id = one_waits(session)
    with pytest.raises(TextRefusedError):
        approval.edit_proposal(session, action_id, "\x00", seen=shown(session, action_id).seen, by="ann")
    row = action(session, action_id)
    assert (row.message, row.state) == ("Hi!", S.PROPOSED)


def test_dropped_it_is_over_and_says_by_whom(session: Session) -> None:
    _, action_id = one_waits(session)
    assert approval.drop_proposal(session, action_id, by="ann") == Decision(
        DecisionOutcome.DONE, S.SKIPPED, Reason.DROPPED_BY_HAND, "by ann"
    )
    assert proposals.count_proposals(session) == 0
    for late in (
        approval.drop_proposal(session, action_id, by="bob"),
        approval.approve_proposal(session, action_id, seen="", by="bob"),
    ):
        assert late.outcome is DecisionOutcome.DECIDED
        assert "it is already skipped (dropped_by_hand, by ann)" in approval.describe_refusal(late)


def test_only_a_proposal_can_be_decided_on(session: Session) -> None:
    account = an_account(session)
    action_id = add_planned(session, account, a_contact(session, account, "ann"))
    for decide in (
        approval.drop_proposal(session, action_id, by="ann"),
        approval.approve_proposal(session, action_id, seen=approval_hash(f"{SANDBOX}ann/", "Hi!"), by="ann"),
    ):
        assert decide.outcome is DecisionOutcome.DECIDED
        assert approval.describe_refusal(decide).startswith("it is already planned: only a proposed")
    assert action(session, action_id).approved_by is None


def test_nobody_finds_what_is_not_there(session: Session) -> None:
    for decision in (
        approval.approve_proposal(session, uuid4(), seen="", by="ann"),
        approval.drop_proposal(session, uuid4(), by="ann"),
        approval.never_contact(session, uuid4(), by="ann"),
    ):
        assert decision == Decision(DecisionOutcome.UNKNOWN)
        assert "no such action" in approval.describe_refusal(decision)


def test_who_is_not_to_be_contacted_a_cancelled_campaign_and_a_day_too_late_are_not_approved(
    session: Session,
) -> None:
    account, left_alone = one_waits(session, "ann")
    contacts.set_do_not_contact(session, account.id, f"{SANDBOX}ann/", value=True, by="tests")
    _, cancelled = one_waits(session, "bob")
    campaign = Campaign.id == action(session, cancelled).campaign_id
    session.execute(update(Campaign).where(campaign).values(state=CampaignState.CANCELLED))
    _, too_late = one_waits(session, "eve", days_left=-1)
    _, last_day = one_waits(session, "zoe", days_left=0)
    assert yes(session, left_alone).outcome is DecisionOutcome.LEFT_ALONE
    assert yes(session, cancelled).outcome is DecisionOutcome.CANCELLED
    assert yes(session, too_late).outcome is DecisionOutcome.TOO_LATE
    assert yes(session, last_day).outcome is DecisionOutcome.DONE
    assert session.scalar(select(func.count()).where(Action.state == S.PROPOSED)) == 3


def test_a_cancelled_campaign_takes_its_proposals_along(session: Session) -> None:
    _, action_id = one_waits(session)
    assert control.cancel_campaign(session, action(session, action_id).campaign_id) == 1
    assert action(session, action_id).reason == Reason.CAMPAIGN_CANCELLED


def test_never_again_holds_for_every_account_that_knows_the_address(session: Session) -> None:
    one, two = an_account(session, "one"), an_account(session, "two")
    here = add_proposed(session, one, a_contact(session, one, "ann"))
    there = add_proposed(session, two, a_contact(session, two, "ann"))
    stranger = add_proposed(session, two, a_contact(session, two, "other-ann", name="Ann"))
    assert approval.never_contact(session, here, by="me") == Decision(
        DecisionOutcome.DONE, S.SKIPPED, Reason.DO_NOT_CONTACT, "by me"
    )
    session.expire_all()
    assert contact_by_slug(session, one, "ann").do_not_contact
    assert contact_by_slug(session, two, "ann").do_not_contact
    assert not contact_by_slug(session, two, "other-ann").do_not_contact
    assert action(session, there).reason == Reason.DO_NOT_CONTACT
    assert [p.id for p in proposals.list_proposals(session, limit=9)] == [stranger]


def test_never_again_wins_over_an_approval_that_was_quicker(session: Session) -> None:
    _, action_id = one_waits(session)
    yes(session, action_id)
    assert approval.never_contact(session, action_id, by="me").state is S.PLANNED
    queue_due_actions(session)
    session.expire_all()
    assert gates.find_closed_gate(session, claim_action(session, action_id)) == ClosedGate(
        Reason.DO_NOT_CONTACT
    )


def test_of_a_campaign_those_are_approved_that_were_seen_as_they_are(session: Session) -> None:
    account = an_account(session)
    campaign_id = a_campaign(session, account)
    ids = [
        add_proposed(session, account, a_contact(session, account, f"p{n}"), campaign_id=campaign_id)
        for n in range(3)
    ]
    _, elsewhere = one_waits(session, "eve")
    seen = {p.id: p.seen for p in proposals.list_proposals(session, limit=9) if p.id != ids[2]}
    session.execute(update(Action).where(Action.id == ids[1]).values(message="Hello!"))
    told = approval.approve_proposals(session, campaign_id, seen, by="ann")
    assert {action_id: decision.outcome for action_id, decision in told.items()} == {
        ids[0]: DecisionOutcome.DONE,
        ids[1]: DecisionOutcome.CHANGED,
        elsewhere: DecisionOutcome.UNKNOWN,
    }
    assert [action(session, a).state for a in (*ids, elsewhere)] == [S.PLANNED] + [S.PROPOSED] * 3
