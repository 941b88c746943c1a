"""Fixtures of the tests of single actions."""

from uuid import UUID

import pytest

from db.store.people.accounts import AccountRecord
from tasks.services import Services
from tests import builders

TEXT = "Happy birthday, Ann!"


@pytest.fixture
def greeting(without_pages: Services, account: AccountRecord) -> UUID:
    """Return a planned greeting to Ann, of the account that the test uses."""
    with without_pages.database.transaction() as session:
        contact = builders.a_contact(session, account, "ann")
        return builders.add_planned(session, account, contact, text=TEXT)
