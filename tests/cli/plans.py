"""Helpers: a small plan in the database, the state of an action, and dispatching."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.people.accounts import AccountRecord
from db.tables import Campaign
from tests.builders import a_campaign, a_contact, action, add_planned, an_account
from tests.db.helpers import queue_due_actions
from worker.rules.model import CampaignState


def a_plan(session: Session, name: str = "demo", people: int = 2) -> tuple[AccountRecord, UUID, list[UUID]]:
    account = an_account(session, name)
    campaign_id = a_campaign(session, account)
    ids = [
        add_planned(session, account, a_contact(session, account, f"p{n}"), campaign_id=campaign_id)
        for n in range(people)
    ]
    session.execute(update(Campaign).values(state=CampaignState.PLANNED))
    return account, campaign_id, ids


def state(database: Database, action_id: UUID) -> tuple[str, str | None]:
    with database.transaction() as session:
        row = action(session, action_id)
        return row.state, row.reason


def due(database: Database) -> list[UUID]:
    with database.transaction() as session:
        return queue_due_actions(session)
