"""Proposals for the tests of the pages on which a person decides."""

import re
from uuid import UUID

from db.engine import Database
from db.store.actions.review import proposals
from db.store.people import accounts
from db.tables import Action
from tests.builders import a_contact, action, add_proposed, an_account


def propose(
    database: Database,
    *names: str,
    texts: tuple[str, ...] = (),
    account: str = "demo",
    late_days: int = 0,
    days_left: int = 3,
) -> list[UUID]:
    """Propose a greeting for each name, in the order of the list."""
    with database.transaction() as session:
        owner = accounts.find_account(session, account) or an_account(session, account)
        for number, name in enumerate(names):
            contact = a_contact(session, owner, f"p{number}-{late_days}", name=name)
            text = texts[number] if texts else f"Happy birthday, {name.split()[0]}!"
            add_proposed(session, owner, contact, text=text, late_days=late_days, days_left=days_left)
        waiting = proposals.list_proposals(session, limit=1000, account=account)
        return [each.id for each in waiting if each.contact in names]


def seen(database: Database, action_id: UUID) -> str:
    with database.transaction() as session:
        found = proposals.find_proposal(session, action_id)
        assert found is not None
        return found.seen


def row(database: Database, action_id: UUID) -> Action:
    with database.transaction() as session:
        return action(session, action_id)


def shown_hashes(page: str) -> list[str]:
    """Return the hashes in the forms of a page that approve one card."""
    return re.findall(r'/approve">.*?name="seen" value="([0-9a-f]{64})"', page, re.DOTALL)
