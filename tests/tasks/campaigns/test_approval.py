"""Approval from the plan to the effect: unattended means not sent, and approved means as approved."""

from uuid import UUID

import pytest

import tasks.entry.birthday  # noqa: F401 -- registers the task that dispatch names
from db.store.actions.review import approval, proposals
from tasks.actions.dispatch import dispatch_due
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests.builders import SANDBOX, a_contact, action, add_proposed, an_account
from tests.tasks.conftest import effects


@pytest.fixture
def waiting(without_pages: Services) -> list[UUID]:
    with without_pages.database.transaction() as session:
        account = an_account(session, site="ledger")
        return [
            add_proposed(session, account, a_contact(session, account, slug), text=f"Hi {slug}!")
            for slug in ("ann", "bob")
        ]


def test_unattended_nothing_is_sent(without_pages: Services, waiting: list[UUID]) -> None:
    assert dispatch_due(without_pages) == 0
    for action_id in waiting:
        assert perform_action(without_pages, action_id) is Outcome.DUPLICATE
    assert effects(without_pages) == []


def test_what_is_approved_is_sent_as_it_was_seen_and_nothing_else(
    without_pages: Services, waiting: list[UUID]
) -> None:
    with without_pages.database.transaction() as session:
        seen = {p.id: p.seen for p in proposals.list_proposals(session, limit=9)}
        approval.approve_proposal(session, waiting[0], seen=seen[waiting[0]], by="ann")
    assert dispatch_due(without_pages) == 1
    assert [perform_action(without_pages, action_id) for action_id in waiting] == [
        Outcome.DONE,
        Outcome.DUPLICATE,
    ]
    assert dispatch_due(without_pages) == 0
    assert effects(without_pages) == [(f"{SANDBOX}ann/", "Hi ann!")]
    with without_pages.database.transaction() as session:
        assert [action(session, action_id).state for action_id in waiting] == ["done", "proposed"]
