"""Claims for the tests of single moves and of leases."""

from sqlalchemy.orm import Session

from db.store.actions import leases, plans
from db.store.actions.claims import Claim
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns
from tests.builders import (
    a_campaign,
    a_contact,
    an_account,
    database_now,
)
from tests.db.helpers import (
    claim_action,
    expire_leases,
    queue_due_actions,
)
from worker.rules.model import Kind


def a_claim(session: Session, name: str = "demo", *, kind: Kind = Kind.GREET) -> Claim:
    account = an_account(session, name)
    campaign = campaigns.find_campaign(session, a_campaign(session, account))
    assert campaign is not None
    contact = None if kind is Kind.COLLECT else a_contact(session, account, "ann").id
    draft = PlannedAction(contact, "test", database_now(session).date(), "Hi!")
    assert plans.insert_plan(session, campaign, kind, [draft]) == 1
    assert queue_due_actions(session) == [draft.id]
    return claim_action(session, draft.id, "first")


def lapse(session: Session) -> None:
    expire_leases(session)
    leases.take_lapsed(session, batch=10)
    session.flush()
