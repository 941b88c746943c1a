"""Signed-in accounts and leases for the tests of the inbox."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from db.store.actions import lifecycle, replies
from db.store.actions.replies import InboxLease
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from tests.builders import a_contact, add_planned, an_account
from tests.db.helpers import (
    LEASE,
    claim_action,
    queue_due_actions,
)

NOTHING = timedelta(0)


def greeted(session: Session, account: AccountRecord, slug: str) -> UUID:
    """Greet somebody and record it; return the action's id."""
    action_id = add_planned(session, account, a_contact(session, account, slug))
    queue_due_actions(session)
    claim = claim_action(session, action_id)
    assert lifecycle.write_intent(session, claim)
    assert lifecycle.record_effect(session, claim, status="sent", text="Hi!", screenshot=None)
    session.flush()
    return action_id


def a_signed_in_account(session: Session, name: str = "demo") -> AccountRecord:
    account = an_account(session, name)
    accounts.save_session(session, account.id, b"sealed")
    return account


def begun(session: Session, account: AccountRecord, overlap: timedelta = NOTHING) -> InboxLease:
    reading = replies.take_inbox(session, account, lease=LEASE, overlap=overlap)
    assert isinstance(reading, InboxLease)
    return reading
