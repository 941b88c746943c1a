"""Proposals for the tests of approval."""

from uuid import UUID

from sqlalchemy.orm import Session

from db.store.actions.review import proposals
from db.store.actions.review.proposals import Proposal
from db.store.people.accounts import AccountRecord
from tests.builders import (
    a_contact,
    add_proposed,
    an_account,
)


def shown(session: Session, action_id: UUID) -> Proposal:
    return next(p for p in proposals.list_proposals(session, limit=100) if p.id == action_id)


def one_waits(session: Session, slug: str = "ann", *, days_left: int = 3) -> tuple[AccountRecord, UUID]:
    account = an_account(session, f"of-{slug}")
    return account, add_proposed(session, account, a_contact(session, account, slug), days_left=days_left)
