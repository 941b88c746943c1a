"""Every planned action was approved with its text and recipient, whatever people do in whatever order."""

from collections.abc import Callable
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
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import control, gates
from db.store.actions.review import approval, proposals
from db.store.actions.review.approval import Decision, DecisionOutcome
from db.tables import Account, Action, Contact
from tests.builders import SANDBOX, a_campaign, a_contact, action, add_proposed, an_account
from tests.db.helpers import claim_action, queue_due_actions, run_without_triggers
from worker.errors import Reason
from worker.rules.messages.approval import approval_hash
from worker.rules.model import ActionState

S = ActionState
TEXTS = st.sampled_from(["Hi!", "Hello!", "Bonjour !"])


class Review(RuleBasedStateMachine):
    """Stores for each action the approved address and text, or None."""

    database: ClassVar[Database]
    ids = Bundle("ids")
    sights = Bundle("sights")

    @initialize()
    def begin(self) -> None:
        self.agreed: dict[UUID, tuple[str, str]] = {}
        self.people = 0
        with self.database.transaction() as session:
            session.execute(delete(Account))
            self.account = an_account(session)
            self.campaigns = [a_campaign(session, self.account) for _ in range(2)]

    @rule(target=ids, text=TEXTS, number=st.integers(0, 1))
    def plan(self, text: str, number: int) -> UUID:
        self.people += 1
        with self.database.transaction() as session:
            contact = a_contact(session, self.account, f"p{self.people}")
            return add_proposed(session, self.account, contact, campaign_id=self.campaigns[number], text=text)

    @rule(target=sights, action_id=ids)
    def look(self, action_id: UUID) -> tuple[UUID, str]:
        """What a person saw, and may act on much later."""
        with self.database.transaction() as session:
            waiting = {p.id: p.seen for p in proposals.list_proposals(session, limit=1000)}
        return action_id, waiting.get(action_id, "0" * 64)

    @rule(action_id=ids, text=TEXTS)
    def somebody_writes_another_text(self, action_id: UUID, text: str) -> None:
        with self.database.transaction() as session:
            session.execute(
                update(Action).where(Action.id == action_id, Action.state == S.PROPOSED).values(message=text)
            )

    @rule(action_id=ids, number=st.integers(1, 3))
    def the_person_moves(self, action_id: UUID, number: int) -> None:
        with self.database.transaction() as session:
            contact = select(Action.contact_id).where(Action.id == action_id).scalar_subquery()
            moved = f"{SANDBOX}{action_id}-{number}/"
            session.execute(update(Contact).where(Contact.id == contact).values(profile_url=moved))

    @rule(sight=sights)
    def approve(self, sight: tuple[UUID, str]) -> None:
        self.decide(
            sight, None, lambda s: approval.approve_proposal(s, sight[0], seen=sight[1], by="a person")
        )

    @rule(sight=sights, text=TEXTS)
    def edit(self, sight: tuple[UUID, str], text: str) -> None:
        self.decide(
            sight, text, lambda s: approval.edit_proposal(s, sight[0], text, seen=sight[1], by="a person")
        )

    def decide(
        self, sight: tuple[UUID, str], own_text: str | None, how: Callable[[Session], Decision]
    ) -> None:
        action_id, seen = sight
        with self.database.transaction() as session:
            before = action(session, action_id)
            address, text, state = self.address(session, action_id), before.message, before.state
            decision = how(session)
        agrees = state == S.PROPOSED and seen == approval_hash(address, text)
        assert (decision.outcome is DecisionOutcome.DONE) <= agrees
        if decision.outcome is DecisionOutcome.DONE:
            self.agreed[action_id] = (address, own_text or text)

    @rule(action_id=ids)
    def drop(self, action_id: UUID) -> None:
        with self.database.transaction() as session:
            approval.drop_proposal(session, action_id, by="a person")

    @rule(action_id=ids)
    def never(self, action_id: UUID) -> None:
        with self.database.transaction() as session:
            assert approval.never_contact(session, action_id, by="a person").state is not S.PROPOSED

    @rule(number=st.integers(0, 1))
    def cancel(self, number: int) -> None:
        with self.database.transaction() as session:
            control.cancel_campaign(session, self.campaigns[number])

    @rule()
    def a_worker_takes_the_next(self) -> None:
        """It passes the gate only with the approved recipient and text."""
        with self.database.transaction() as session:
            for action_id in queue_due_actions(session):
                claim = claim_action(session, action_id)
                closed = gates.find_closed_gate(session, claim)
                still = self.agreed[action_id] == (claim.profile_url, claim.message)
                assert closed is None or closed.reason in gates.SKIP_REASONS
                assert (closed is None) <= still
                assert (closed is not None and closed.reason is Reason.NOT_APPROVED) <= (not still)
                run_without_triggers(
                    session, "update actions set state = 'done', lease_until = null where state = 'claimed'"
                )

    @invariant()
    def nothing_is_on_its_way_that_nobody_agreed_to(self) -> None:
        with self.database.transaction() as session:
            rows = session.scalars(select(Action).where(Action.needs_approval)).all()
            for row in rows:
                if row.state not in {S.PROPOSED, S.SKIPPED}:
                    assert row.approval == approval_hash(*self.agreed[row.id])
                    assert row.message == self.agreed[row.id][1]
                else:
                    assert row.id not in self.agreed or row.state == S.SKIPPED

    @staticmethod
    def address(session: Session, action_id: UUID) -> str:
        return session.scalars(
            select(Contact.profile_url)
            .join(Action, Action.contact_id == Contact.id)
            .where(Action.id == action_id)
        ).one()


def test_what_is_planned_is_what_was_approved(database: Database) -> None:
    Review.database = database
    try:
        run_state_machine_as_test(
            Review,
            settings=settings(
                max_examples=25, stateful_step_count=25, suppress_health_check=list(HealthCheck)
            ),
        )
    finally:
        del Review.database
