"""An account with a year behind it and birthdays to come."""

from datetime import date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from db.engine import Database, today_in
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from db.tables import Campaign, Contact, Interaction
from tests.builders import a_contact, add_planned
from worker.rules.model import CampaignState, Kind

PARIS = ZoneInfo("Europe/Paris")


def record(
    session: Session, account: AccountRecord, contact: Contact, on: date, *, count: int = 1,
    kind: Kind = Kind.GREET, answered: bool = False,
) -> None:  # fmt: skip
    """Record interactions at noon of a day in the account's zone."""
    at = datetime.combine(on, time(12), account.zone)
    rows = [
        {
            "account_id": account.id, "contact_id": contact.id, "source_key": str(uuid4()), "type": kind,
            "status": "sent", "occasion": "test", "message": "", "correlation_id": "test", "created_at": at,
            "replied_at": at + timedelta(hours=1) if answered else None,
        }
        for _ in range(count)
    ]  # fmt: skip
    session.execute(insert(Interaction), rows)


@pytest.fixture
def marie(database: Database) -> AccountRecord:
    """An account of a real site, signed in, in the second week of its warm-up."""
    with database.transaction() as session:
        account = accounts.add_account(session, name="marie", site="linkedin", zone=PARIS)
        accounts.save_session(session, account.id, b"sealed")
        today = today_in(session, PARIS)
        limits.set_warm_up(session, account.id, today - timedelta(days=9), by="tests")
        ann = a_contact(session, account, "ann", name="Ann Lee", birthday=today)
        a_contact(session, account, "zoe", name="Zoé Lefèvre", birthday=today + timedelta(days=2))
        record(session, account, ann, today - timedelta(days=3), count=3, answered=True)
        record(session, account, ann, today - timedelta(days=3), count=2)
        record(session, account, ann, today - timedelta(days=2), count=4, kind=Kind.VISIT)
        add_planned(session, account, ann)
        session.execute(update(Campaign).values(state=CampaignState.PLANNED))
        return accounts.get_account(session, account.id)
