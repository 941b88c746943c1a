"""Whom the site shows by another name gets nothing before a person has decided."""

from uuid import UUID

import pytest
from sqlalchemy import update

from db.store.actions.review import approval
from db.store.actions.review.approval import DecisionOutcome
from db.store.people.accounts import AccountRecord
from db.tables import Action, Contact
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX
from tests.tasks.action_helpers import perform_next, recorded, row, state, used_today
from tests.tasks.actions.conftest import TEXT
from tests.tasks.scripted_site import ScriptedSite
from worker.errors import Reason, TryAgainError
from worker.rules.messages.approval import approval_hash
from worker.rules.model import ActionState

ANN = f"{SANDBOX}ann/"
PROPOSED = (ActionState.PROPOSED, Reason.NAME_DIFFERS)


@pytest.fixture
def account(without_pages: Services, scripted: ScriptedSite) -> AccountRecord:
    with without_pages.database.transaction() as session:
        return builders.an_account(session, site="ledger")


def stored_name(services: Services, action_id: UUID) -> str:
    with services.database.transaction() as session:
        contact = session.get(Contact, builders.action(session, action_id).contact_id)
        assert contact is not None
        return contact.full_name


def approve(services: Services, action_id: UUID, *, text: str | None = None) -> None:
    with services.database.transaction() as session:
        action = builders.action(session, action_id)
        contact = session.get(Contact, action.contact_id)
        assert contact is not None
        seen = approval_hash(contact.profile_url, action.message)
        decided = (
            approval.approve_proposal(session, action_id, seen=seen, by="me")
            if text is None
            else approval.edit_proposal(session, action_id, text, seen=seen, by="me")
        )
        assert decided.outcome is DecisionOutcome.DONE


def test_a_renamed_person_gets_nothing_until_the_corrected_text_is_approved(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    scripted.names[ANN] = "Alexandra Weber"
    assert perform_next(without_pages) is Outcome.PROPOSED
    assert state(without_pages, greeting) == PROPOSED
    assert (scripted.sent, recorded(without_pages)) == ([], [])
    assert "type" not in scripted.steps
    assert used_today(without_pages, account) == 0
    assert stored_name(without_pages, greeting) == "Alexandra Weber"
    corrected = row(without_pages, greeting)
    assert "Alexandra" in corrected.message
    assert "Ann" not in corrected.message
    assert (corrected.called, corrected.needs_approval, corrected.approval) == ("Alexandra", True, None)
    assert corrected.detail == 'the site shows "Alexandra Weber", the text was for "Ann"'
    approve(without_pages, greeting)
    assert perform_next(without_pages) is Outcome.DONE
    assert scripted.sent == [(ANN, corrected.message)]


def test_a_name_that_changes_while_the_text_is_typed_is_seen_before_the_click(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    scripted.on("type", lambda: scripted.names.update({ANN: "Alexandra Weber"}))
    assert perform_next(without_pages) is Outcome.PROPOSED
    assert scripted.sent == []
    assert "click" not in scripted.steps


def test_a_head_without_a_name_is_tried_again_later(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    scripted.fail("name", TryAgainError(Reason.SITE_UNEXPECTED, "the head of the conversation shows no name"))
    assert perform_next(without_pages) is Outcome.POSTPONED
    assert state(without_pages, greeting) == (ActionState.PLANNED, Reason.SITE_UNEXPECTED)
    assert scripted.sent == []


def test_a_text_that_was_approved_before_the_rename_needs_approval_again(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    with without_pages.database.transaction() as session:
        approved = {"needs_approval": True, "approval": approval_hash(ANN, TEXT), "approved_by": "me"}
        session.execute(update(Action).values(**approved, called="Ann"))
        session.execute(update(Contact).values(full_name="Alexandra Weber"))  # by a page, say
    scripted.names[ANN] = "Alexandra Weber"
    assert perform_next(without_pages) is Outcome.PROPOSED
    assert row(without_pages, greeting).approval is None
    assert scripted.sent == []


def test_a_stand_in_replaces_no_stored_name_and_the_old_text_is_compared_again(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    scripted.names[ANN] = "LinkedIn Member"
    assert perform_next(without_pages) is Outcome.PROPOSED
    assert stored_name(without_pages, greeting) == "Ann"
    approve(without_pages, greeting)
    assert perform_next(without_pages) is Outcome.PROPOSED
    assert scripted.sent == []


def test_a_person_may_decide_for_a_nickname_or_a_text_of_their_own(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    scripted.names[ANN] = "Alexandra Weber"
    assert perform_next(without_pages) is Outcome.PROPOSED
    approve(without_pages, greeting, text="Happy birthday, Lexi!")
    assert perform_next(without_pages) is Outcome.DONE
    assert scripted.sent == [(ANN, "Happy birthday, Lexi!")]


@pytest.mark.parametrize(("shown", "outcome"), [("Ann Lee", Outcome.DONE), ("Bob Lee", Outcome.PROPOSED)])
def test_a_name_set_by_hand_may_differ_if_the_person_is_the_stored_one(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID, *, shown: str, outcome: Outcome
) -> None:
    with without_pages.database.transaction() as session:
        session.execute(update(Contact).values(full_name="Ann Lee", call_by="Nanette"))
        session.execute(update(Action).values(message="Dear Nanette!", called="Nanette"))
    scripted.names[ANN] = shown
    assert perform_next(without_pages) is outcome


@pytest.mark.parametrize(("shown", "outcome"), [("Ann Lee", Outcome.DONE), ("Bob Lee", Outcome.PROPOSED)])
def test_a_text_without_a_name_needs_a_word_of_the_stored_name(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID, *, shown: str, outcome: Outcome
) -> None:
    with without_pages.database.transaction() as session:
        session.execute(update(Action).values(message="Many happy returns!", called=""))
    scripted.names[ANN] = shown
    assert perform_next(without_pages) is outcome
