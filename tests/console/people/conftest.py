"""People for the pages of people."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from db.engine import Database
from db.store.people.accounts import AccountRecord
from db.tables import Contact
from tests.builders import a_contact, add_planned, an_account, database_now


@dataclass(frozen=True, slots=True)
class Known:
    """An account, and ids of its people."""

    account: AccountRecord
    ann: int
    zoe: int
    namesake: int
    today: date


@pytest.fixture
def known(database: Database) -> Known:
    """Ann with a greeting planned for today, two Zoë Quills, and somebody of another account."""
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        today = database_now(session).date()
        ann = a_contact(session, account, "ann-lee", name="Ann Lee", birthday=today)
        zoe = a_contact(session, account, "zoe-quill-1", name="Zoë Quill", birthday=today + timedelta(days=3))
        zoe.profile = {"company": "Hives and Sons", "headline": "Chief Beekeeper"}
        namesake = a_contact(session, account, "zoe-quill-2", name="Zoë Quill")
        a_contact(session, other, "ann-elsewhere", name="Ann Elsewhere")
        add_planned(session, account, ann, text="Happy birthday, Ann!")
        return Known(account, ann.id, zoe.id, namesake.id, today)


def contact(database: Database, contact_id: int) -> Contact:
    with database.transaction() as session:
        found = session.get(Contact, contact_id)
        assert found is not None
        return found
