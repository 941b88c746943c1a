"""A decision can be taken back for a while, by whoever made it, while nothing was sent or changed since."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from db.engine import Database, RowRefusedError
from db.store.actions import control, events, lifecycle
from db.store.actions.control import CampaignVerb
from db.store.actions.review import approval, proposals, undo
from db.store.actions.review.approval import DecisionOutcome
from db.store.actions.review.undo import Made
from db.store.actions.review.undo_effects import UndoOutcome
from db.store.people import accounts, contacts, holds
from db.store.people.accounts import AccountRecord
from db.store.privacy import erasure
from db.tables import Action, Contact, Exclusion, StoredDecision
from tests.builders import (
    SANDBOX,
    a_contact,
    action,
    add_planned,
    add_proposed,
    an_account,
    contact_by_slug,
    database_now,
)
from tests.db.helpers import claim_action, queue_due_actions
from worker.errors import Reason, RequestRefusedError
from worker.rules.messages.approval import UNDO_FOR, Choice, approval_hash
from worker.rules.model import ActionState

S = ActionState
NOTE = 'the site shows "Ann B", the text was for "Ann"'


def proposed(database: Database, slug: str = "ann") -> UUID:
    """Commit a proposal of a person whose name the site shows otherwise."""
    with database.transaction() as session:
        account = accounts.find_account(session, "demo") or an_account(session)
        action_id = add_proposed(session, account, a_contact(session, account, slug))
        session.execute(
            update(Action).where(Action.id == action_id).values(reason=Reason.NAME_DIFFERS, detail=NOTE)
        )
        return action_id


def seen(session: Session, *ids: UUID) -> dict[UUID, str]:
    waiting = proposals.list_proposals(session, limit=100)
    return {each.id: each.seen for each in waiting if each.id in ids}


def decide(database: Database, choice: Choice, action_id: UUID, *, by: str = "ann") -> Made:
    with database.transaction() as session:
        (hashed,) = seen(session, action_id).values()
        if choice is Choice.APPROVED:
            return undo.approve(session, {action_id: hashed}, by=by)
        if choice is Choice.DROPPED:
            return undo.drop(session, action_id, seen=hashed, by=by)
        if choice is Choice.NEVER:
            return undo.never(session, action_id, seen=hashed, by=by)
        until = database_now(session).date() + timedelta(days=9)
        return undo.hold(session, action_id, until, seen=hashed, by=by)


def take_back(database: Database, made: Made, *, by: str = "ann") -> set[UndoOutcome]:
    with database.transaction() as session:
        return set(undo.take_back(session, made.id, by=by).values())


@pytest.mark.parametrize("choice", Choice)
def test_a_decision_taken_back_leaves_everything_as_it_was(database: Database, choice: Choice) -> None:
    action_id = proposed(database)
    with database.transaction() as session:
        before = seen(session, action_id)
    made = decide(database, choice, action_id)
    assert made.done == {action_id}
    assert take_back(database, made) == {UndoOutcome.DONE}
    with database.transaction() as session:
        row = action(session, action_id)
        assert (row.state, row.reason, row.detail) == (S.PROPOSED, Reason.NAME_DIFFERS, NOTE)
        assert (row.approval, row.approved_by) == (None, None)
        ann = session.scalars(select(Contact)).one()
        assert (ann.do_not_contact, ann.hold_until, ann.by_hand) == (False, None, None)
        assert session.scalar(select(func.count()).select_from(Exclusion)) == 0
        assert seen(session, action_id) == before
        assert queue_due_actions(session) == []


@pytest.mark.parametrize("choice", [Choice.APPROVED, Choice.DROPPED, Choice.NEVER])
def test_the_history_has_the_decision_and_that_it_was_taken_back(database: Database, choice: Choice) -> None:
    action_id = proposed(database)
    take_back(database, decide(database, choice, action_id))
    with database.transaction() as session:
        told = [(each.to_state, each.actor) for each in events.list_events(session, action_id)]
        assert told[0][0] is told[2][0] is S.PROPOSED
        assert [actor for _, actor in told[1:]] == ["ann", "ann"]
        assert [each.problems for each in events.verify_chains(session)] == [()]


def test_what_was_taken_back_can_be_decided_again_and_again_taken_back(database: Database) -> None:
    action_id = proposed(database)
    for choice in (Choice.DROPPED, Choice.APPROVED, Choice.HELD, Choice.NEVER, Choice.DROPPED):
        assert take_back(database, decide(database, choice, action_id)) == {UndoOutcome.DONE}


@pytest.mark.parametrize("choice", Choice)
def test_after_half_a_minute_it_is_too_late(database: Database, choice: Choice) -> None:
    made = decide(database, choice, proposed(database))
    with database.transaction() as session:
        session.execute(update(StoredDecision).values(decided_at=func.now() - UNDO_FOR))
        assert undo.find_undoable(session, by="ann") is None
    assert take_back(database, made) == {UndoOutcome.TOO_LATE}


@pytest.mark.parametrize("choice", Choice)
def test_nobody_takes_back_what_somebody_else_decided_or_what_is_taken_back(
    database: Database, choice: Choice
) -> None:
    made = decide(database, choice, proposed(database))
    assert take_back(database, made, by="bob") == set()
    assert take_back(database, made) == {UndoOutcome.DONE}
    assert take_back(database, made) == {UndoOutcome.CHANGED}
    with database.transaction() as session:
        assert undo.take_back(session, uuid4(), by="ann") == {}


@pytest.mark.parametrize("state", [S.QUEUED, S.CLAIMED, S.ACTING])
def test_what_is_on_its_way_is_not_taken_back(database: Database, state: S) -> None:
    action_id = proposed(database)
    made = decide(database, Choice.APPROVED, action_id)
    with database.transaction() as session:
        assert queue_due_actions(session) == [action_id]
        if state is not S.QUEUED:
            claim = claim_action(session, action_id)
        if state is S.ACTING:
            assert lifecycle.write_intent(session, claim)
    assert take_back(database, made) == {UndoOutcome.SENT}
    with database.transaction() as session:
        assert action(session, action_id).state == state


def test_a_worker_that_put_it_back_unsent_leaves_it_to_be_taken_back(database: Database) -> None:
    action_id = proposed(database)
    made = decide(database, Choice.APPROVED, action_id)
    with database.transaction() as session:
        queue_due_actions(session)
        claim = claim_action(session, action_id)
        lifecycle.replan_action(
            session, claim, reason=Reason.OUTSIDE_HOURS, detail=None, wait=timedelta(hours=9)
        )
    assert take_back(database, made) == {UndoOutcome.DONE}
    with database.transaction() as session:
        assert not lifecycle.write_intent(session, claim)
        again = seen(session, action_id)
        assert undo.approve(session, again, by="ann").done == {action_id}


def test_a_greeting_that_was_ever_about_to_be_sent_is_not_taken_back(database: Database) -> None:
    action_id = proposed(database)
    made = decide(database, Choice.APPROVED, action_id)
    with database.transaction() as session:
        session.execute(update(Action).values(acting_since=func.now()))
    assert take_back(database, made) == {UndoOutcome.CHANGED}


def somebody_says_never(session: Session, account: AccountRecord) -> None:
    contacts.set_do_not_contact(session, account.id, f"{SANDBOX}ann/", value=True, by="bob")


def somebody_holds(session: Session, account: AccountRecord) -> None:
    ann = contact_by_slug(session, account, "ann")
    until = database_now(session).date() + timedelta(days=9)
    holds.hold_contact(session, ann.id, until, reason=None, by="bob")


@pytest.mark.parametrize(
    ("choice", "change"), [(Choice.NEVER, somebody_says_never), (Choice.HELD, somebody_holds)]
)
def test_what_somebody_else_said_of_the_person_meanwhile_stays(
    database: Database, choice: Choice, change: Callable[[Session, AccountRecord], None]
) -> None:
    """Also where it says the same: theirs must not be lost."""
    made = decide(database, choice, proposed(database))
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        change(session, account)
    assert take_back(database, made) == {UndoOutcome.CHANGED}
    with database.transaction() as session:
        ann = session.scalars(select(Contact)).one()
        assert (ann.do_not_contact, ann.hold_until is not None) == (
            choice is Choice.NEVER, choice is Choice.HELD,
        )  # fmt: skip


def test_never_is_taken_back_in_each_account_but_where_it_was_said_before(database: Database) -> None:
    with database.transaction() as session:
        known = [an_account(session, name) for name in ("one", "two", "three")]
        ids = [add_proposed(session, each, a_contact(session, each, "ann")) for each in known[:2]]
        a_contact(session, known[2], "ann")
        contacts.set_do_not_contact(session, known[2].id, f"{SANDBOX}ann/", value=True, by="bob")
    made = decide(database, Choice.NEVER, ids[0])
    assert take_back(database, made) == {UndoOutcome.DONE}
    with database.transaction() as session:
        assert [action(session, each).state for each in ids] == [S.PROPOSED, S.PROPOSED]
        left_alone = [contact_by_slug(session, each, "ann").do_not_contact for each in known]
        assert left_alone == [False, False, True]
        assert session.scalars(select(Exclusion.account_id)).all() == [known[2].id]


def test_a_hold_is_set_and_taken_back_in_each_account(database: Database) -> None:
    with database.transaction() as session:
        known = [an_account(session, name) for name in ("one", "two")]
        people = [a_contact(session, each, "ann") for each in known]
        action_id = add_proposed(session, known[0], people[0])
        until = database_now(session).date() + timedelta(days=90)
        holds.hold_contact(session, people[1].id, until, reason="on leave", by="bob")
    made = decide(database, Choice.HELD, action_id)
    with database.transaction() as session:
        held_by = {contact_by_slug(session, each, "ann").hold_by for each in known}
    assert held_by == {"ann"}
    assert take_back(database, made) == {UndoOutcome.DONE}
    with database.transaction() as session:
        former = [contact_by_slug(session, each, "ann").hold_until for each in known]
    assert former == [None, until]


def test_what_was_dropped_stays_so_once_its_campaign_is_cancelled(database: Database) -> None:
    action_id = proposed(database)
    made = decide(database, Choice.DROPPED, action_id)
    with database.transaction() as session:
        campaign_id = action(session, action_id).campaign_id
        assert campaign_id is not None
        control.change_campaign(session, campaign_id, CampaignVerb.CANCEL)
    assert take_back(database, made) == {UndoOutcome.CHANGED}
    with database.transaction() as session:
        assert action(session, action_id).state == S.SKIPPED


def test_a_hold_taken_back_brings_the_former_one_back_and_frees_what_waited(database: Database) -> None:
    action_id = proposed(database)
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        ann = contact_by_slug(session, account, "ann")
        until = database_now(session).date() + timedelta(days=2)
        holds.hold_contact(session, ann.id, until, reason="on leave", by="bob")
    take_back(database, decide(database, Choice.HELD, action_id))
    with database.transaction() as session:
        ann = session.scalars(select(Contact)).one()
        assert (ann.hold_until, ann.hold_reason, ann.hold_by) == (until, "on leave", "bob")


def test_a_hold_stays_once_its_greeting_was_approved_after_all(database: Database) -> None:
    action_id = proposed(database)
    held = decide(database, Choice.HELD, action_id)
    decide(database, Choice.APPROVED, action_id)
    assert take_back(database, held) == {UndoOutcome.CHANGED}
    with database.transaction() as session:
        assert action(session, action_id).state == S.PLANNED
        assert session.scalars(select(Contact.hold_until)).one() is not None


def test_a_dropped_one_comes_back_only_by_a_stored_decision(database: Database) -> None:
    action_id = proposed(database)
    with database.transaction() as session:
        approval.drop_proposal(session, action_id, by="ann")
    too_old, used = {"decided_at": func.now() - UNDO_FOR}, {"undone_at": func.now()}
    for values in (too_old, used):
        with database.transaction() as session:
            session.execute(
                insert(StoredDecision).values(
                    id=uuid4(),
                    action_id=action_id,
                    choice=Choice.DROPPED,
                    decided_by="x",
                    before={},
                    **values,
                )
            )
        refused = pytest.raises(RowRefusedError, match="cannot move from skipped to proposed")
        with refused, database.transaction() as session:
            session.execute(update(Action).values(state=S.PROPOSED))


def test_only_what_was_seen_is_decided_on(database: Database) -> None:
    action_id = proposed(database)
    old = approval_hash(f"{SANDBOX}ann/", "Another text")
    tomorrow = timedelta(days=1)
    with database.transaction() as session:
        until = database_now(session).date() + tomorrow
        for made in (
            undo.approve(session, {action_id: old}, by="ann"),
            undo.drop(session, action_id, seen=old, by="ann"),
            undo.never(session, action_id, seen=old, by="ann"),
            undo.hold(session, action_id, until, seen=old, by="ann"),
        ):
            assert made.decisions[action_id].outcome is DecisionOutcome.CHANGED
        assert undo.drop(session, uuid4(), seen=old, by="ann").done == frozenset()
        assert action(session, action_id).state == S.PROPOSED
        assert session.scalar(select(func.count()).select_from(StoredDecision)) == 0
        with pytest.raises(RequestRefusedError, match="the day must be after today"):
            undo.hold(
                session, action_id, until - tomorrow, seen=seen(session, action_id)[action_id], by="ann"
            )


def test_many_are_approved_and_taken_back_with_one_press_and_each_says_what_came_of_it(
    database: Database,
) -> None:
    ids = [proposed(database, slug) for slug in ("ann", "bob", "eve")]
    with database.transaction() as session:
        hashes = {**seen(session, *ids[:2]), ids[2]: "0" * 64}
        made = undo.approve(session, hashes, by="ann")
        assert made.done == set(ids[:2])
        found = undo.find_undoable(session, by="ann")
        assert found is not None
        assert (found.id, found.choice, found.count, found.left_s) == (made.id, Choice.APPROVED, 2, 30)
        assert undo.find_undoable(session, by="bob") is None
    with database.transaction() as session:
        (sent,) = queue_due_actions(session)
    with database.transaction() as session:
        outcomes = undo.take_back(session, made.id, by="ann")
        (other,) = set(ids[:2]) - {sent}
        assert outcomes == {sent: UndoOutcome.SENT, other: UndoOutcome.DONE}


def test_an_edited_text_taken_back_waits_with_the_words_of_the_person(database: Database) -> None:
    action_id = proposed(database)
    with database.transaction() as session:
        made = undo.approve(session, seen(session, action_id), by="ann", text="Mine, Ann")
    assert take_back(database, made) == {UndoOutcome.DONE}
    with database.transaction() as session:
        assert action(session, action_id).message == "Mine, Ann"


def test_nothing_of_a_decision_is_left_of_who_is_forgotten_or_after_a_day(database: Database) -> None:
    for slug in ("ann", "bob"):
        decide(database, Choice.DROPPED, proposed(database, slug))
    with database.transaction() as session:
        erasure.forget_person(session, "sandbox", f"{SANDBOX}ann/")
        assert len(session.scalars(select(StoredDecision)).all()) == 1
        undo.delete_old_decisions(session)
        assert len(session.scalars(select(StoredDecision)).all()) == 1
        session.execute(update(StoredDecision).values(decided_at=func.now() - timedelta(days=2)))
        undo.delete_old_decisions(session)
        assert session.scalars(select(StoredDecision)).all() == []


def test_a_planned_greeting_is_no_decision_of_anybody(session: Session) -> None:
    account = an_account(session)
    action_id = add_planned(session, account, a_contact(session, account, "ann"))
    made = undo.approve(session, {action_id: approval_hash(f"{SANDBOX}ann/", "Hi!")}, by="ann")
    assert made.decisions[action_id].outcome is DecisionOutcome.DECIDED
    assert undo.find_undoable(session, by="ann") is None
