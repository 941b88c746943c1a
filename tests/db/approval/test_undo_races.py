"""Taking decisions back while a dispatcher, workers and other people act on the same rows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from db.engine import Database
from db.store.actions import gates, lifecycle
from db.store.actions.review import proposals, undo
from db.store.actions.review.undo_effects import UndoOutcome
from db.tables import Account, Action, ActionEvent, Contact
from tests.builders import a_campaign, a_contact, action, add_proposed, an_account, database_now
from tests.db.helpers import (
    claim_action,
    open_database,
    queue_due_actions,
    run_concurrently,
    run_without_triggers,
    wait_for_lock_wait,
)
from worker.rules.messages.approval import Choice
from worker.rules.model import ActionState

S = ActionState
PEOPLE = 24
NINE_DAYS = timedelta(days=9)


def approve_each(database: Database) -> dict[UUID, UUID]:
    """Propose a greeting in each of many accounts and approve each with its own press, by action."""
    with database.transaction() as session:
        for number in range(PEOPLE):
            account = an_account(session, f"account-{number}")
            add_proposed(session, account, a_contact(session, account, f"p{number}"))
        waiting = proposals.list_proposals(session, limit=PEOPLE)
        return {
            each.id: undo.approve(session, {each.id: each.seen}, by="ann").id
            for each in sorted(waiting, key=lambda each: each.id)
        }


def test_of_taking_back_and_sending_at_once_exactly_one_happens(
    database: Database, database_url: str
) -> None:
    """One connection takes back, the other dispatches, claims and writes intents, as fast as they can."""
    presses = approve_each(database)

    def take_back(own: Database) -> set[UUID]:
        undone: set[UUID] = set()
        for action_id, press in reversed(presses.items()):
            with own.transaction() as session:
                outcomes = undo.take_back(session, press, by="ann")
            assert outcomes[action_id] in {UndoOutcome.DONE, UndoOutcome.SENT}
            undone |= {each for each, outcome in outcomes.items() if outcome is UndoOutcome.DONE}
        return undone

    def send(own: Database) -> set[UUID]:
        sent: set[UUID] = set()
        while True:
            with own.transaction() as session:
                queued = queue_due_actions(session, batch=1)
            if not queued:
                return sent
            for action_id in queued:
                with own.transaction() as session:
                    claim = claim_action(session, action_id)
                with own.transaction() as session:
                    if gates.find_closed_gate(session, claim) is None and lifecycle.write_intent(
                        session, claim
                    ):
                        sent.add(action_id)

    undone, sent = run_concurrently(database_url, 2, lambda own, number: (take_back, send)[number](own))
    assert undone | sent == set(presses)
    assert not undone & sent
    with database.transaction() as session:
        acted = select(ActionEvent.action_id).where(ActionEvent.to_state == S.ACTING)
        assert set(session.scalars(acted)) == sent
        waiting = select(Action.id).where(Action.state == S.PROPOSED)
        assert set(session.scalars(waiting)) == undone


def test_taking_back_waits_for_a_dispatcher_that_has_the_row_and_then_says_that_it_is_sent(
    database: Database, database_url: str
) -> None:
    press = next(iter(approve_each(database).values()))

    def take_back() -> set[UndoOutcome]:
        with open_database(database_url) as own, own.transaction() as session:
            return set(undo.take_back(session, press, by="ann").values())

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            assert len(queue_due_actions(session)) == PEOPLE
            taking = pool.submit(take_back)
            wait_for_lock_wait(database, taking)
        assert taking.result(60) == {UndoOutcome.SENT}


def test_of_two_who_take_the_same_back_at_once_one_does(database: Database, database_url: str) -> None:
    press = next(iter(approve_each(database).values()))

    def take_back(own: Database, _: int) -> UndoOutcome:
        with own.transaction() as session:
            (outcome,) = undo.take_back(session, press, by="ann").values()
            return outcome

    told = run_concurrently(database_url, 4, take_back)
    assert sorted(told) == [UndoOutcome.CHANGED] * 3 + [UndoOutcome.DONE]


class Desk(RuleBasedStateMachine):
    """A person decides and takes back, while workers send; `taken` has who was last taken back."""

    database: ClassVar[Database]
    ids = Bundle("ids")
    presses = Bundle("presses")

    @initialize()
    def begin(self) -> None:
        self.sent: set[UUID] = set()
        self.people = 0
        with self.database.transaction() as session:
            session.execute(delete(Account))
            self.account = an_account(session)
            self.campaign = a_campaign(session, self.account)

    @rule(target=ids)
    def plan(self) -> UUID:
        self.people += 1
        with self.database.transaction() as session:
            contact = a_contact(session, self.account, f"p{self.people}")
            return add_proposed(session, self.account, contact, campaign_id=self.campaign)

    @rule(target=presses, action_id=ids, choice=st.sampled_from(Choice), by=st.sampled_from(["ann", "bob"]))
    def decide(self, action_id: UUID, choice: Choice, by: str) -> tuple[UUID, UUID, str]:
        with self.database.transaction() as session:
            seen = {each.id: each.seen for each in proposals.list_proposals(session, limit=1000)}
            hashed = seen.get(action_id, "0" * 64)
            how: dict[Choice, Callable[[], undo.Made]] = {
                Choice.APPROVED: lambda: undo.approve(session, {action_id: hashed}, by=by),
                Choice.DROPPED: lambda: undo.drop(session, action_id, seen=hashed, by=by),
                Choice.NEVER: lambda: undo.never(session, action_id, seen=hashed, by=by),
                Choice.HELD: lambda: undo.hold(
                    session, action_id, database_now(session).date() + NINE_DAYS, seen=hashed, by=by
                ),
            }  # fmt: skip
            made = how[choice]()
            assert (made.done == {action_id}) == (action_id in seen)
        return made.id, action_id, by

    @rule(press=presses, by=st.sampled_from(["ann", "bob"]))
    def take_back(self, press: tuple[UUID, UUID, str], by: str) -> None:
        made_id, action_id, decided_by = press
        with self.database.transaction() as session:
            outcomes = undo.take_back(session, made_id, by=by)
        assert by == decided_by or not outcomes
        if outcomes.get(action_id) is UndoOutcome.DONE:
            assert action_id not in self.sent
            with self.database.transaction() as session:
                assert action(session, action_id).state == S.PROPOSED

    @rule()
    def a_worker_sends_the_next(self) -> None:
        with self.database.transaction() as session:
            for action_id in queue_due_actions(session):
                if gates.find_closed_gate(session, claim_action(session, action_id)) is None:
                    self.sent.add(action_id)
                run_without_triggers(
                    session, "update actions set state = 'done', lease_until = null where state = 'claimed'"
                )

    @invariant()
    def what_waits_was_never_sent_and_nobody_who_waits_is_left_alone(self) -> None:
        with self.database.transaction() as session:
            waiting = (
                select(Action.id, Contact.do_not_contact).join(Contact).where(Action.state == S.PROPOSED)
            )
            for action_id, left_alone in session.execute(waiting.where(Action.state == S.PROPOSED)):
                assert action_id not in self.sent
                assert not left_alone


def test_nothing_is_both_sent_and_taken_back_in_whatever_order(database: Database) -> None:
    Desk.database = database
    try:
        run_state_machine_as_test(
            Desk,
            settings=settings(
                max_examples=15, stateful_step_count=20, suppress_health_check=list(HealthCheck)
            ),
        )
    finally:
        del Desk.database
