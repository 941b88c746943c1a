"""The record of an effect is written completely or not at all, and once for each action."""

import pytest
from sqlalchemy import func, select, text

from db.engine import Database, RowRefusedError
from db.store.actions import lifecycle
from db.store.actions.claims import Claim
from db.tables import Contact, Interaction
from tests.builders import action
from tests.db.actions.move_helpers import S, a_claim, bring_to
from worker.rules.model import Kind


def test_a_record_is_the_interaction_the_contacts_date_and_the_end_state(database: Database) -> None:
    with database.transaction() as session:
        claim = a_claim(session)
        lifecycle.write_intent(session, claim)
        assert lifecycle.record_effect(session, claim, status="sent", text="as proven", screenshot="a.png")
    with database.transaction() as session:
        row = action(session, claim.action_id)
        (told,) = session.scalars(select(Interaction)).all()
        contact = session.get_one(Contact, claim.contact_id)
        assert (row.state, row.reason, row.detail) == (S.DONE, None, None)
        assert (told.action_id, told.message, told.status) == (claim.action_id, "as proven", "sent")
        assert (told.type, told.occasion, told.screenshot) == (Kind.GREET, claim.occasion, "a.png")
        assert contact.last_greeted_on == claim.occasion_on


def record_and_die(database: Database, claim: Claim) -> None:
    with database.transaction() as session:
        assert lifecycle.record_effect(session, claim, status="sent", text="Hi!", screenshot=None)
        session.flush()
        raise ZeroDivisionError


def test_a_record_is_all_or_nothing(database: Database) -> None:
    with database.transaction() as session:
        claim = a_claim(session)
        lifecycle.write_intent(session, claim)
    with pytest.raises(ZeroDivisionError):
        record_and_die(database, claim)
    with database.transaction() as session:
        assert action(session, claim.action_id).state == S.ACTING
        assert session.scalars(select(Interaction)).all() == []
        assert session.get_one(Contact, claim.contact_id).last_greeted_on is None


def test_a_record_whose_commit_was_unknown_can_be_repeated(database: Database) -> None:
    with database.transaction() as session:
        claim = a_claim(session)
        lifecycle.write_intent(session, claim)
        assert lifecycle.record_effect(session, claim, status="sent", text="Hi!", screenshot=None)
    with database.transaction() as session:
        assert not lifecycle.record_effect(session, claim, status="sent", text="Hi!", screenshot=None)
        assert lifecycle.get_state(session, claim.action_id) == (S.DONE, claim.attempt)
        assert session.scalar(select(func.count()).select_from(Interaction)) == 1


def test_one_action_has_one_interaction_whoever_writes_it(database: Database) -> None:
    with database.transaction() as session:
        claim = a_claim(session)
        lifecycle.write_intent(session, claim)
        lifecycle.record_effect(session, claim, status="sent", text="Hi!", screenshot=None)
    with database.transaction() as session:
        session.execute(text("update actions set lease_until = now()"))
        bring_to(session, claim, S.ACTING)
    with pytest.raises(RowRefusedError, match="uq_interactions_action_id"), database.transaction() as session:
        lifecycle.record_effect(session, claim, status="sent", text="Hi!", screenshot=None)
