"""Erasure at the same time as other processes: it refuses, or they wait, and nothing deadlocks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import lifecycle, plans
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns, searches
from db.store.imports import runs
from db.tables import (
    Action,
    Contact,
    Tombstone,
)
from tests.builders import (
    a_campaign,
    a_contact,
    add_planned,
    add_proposed,
    an_account,
)
from tests.db.helpers import claim_action, open_database, queue_due_actions, wait_for_lock_wait
from tests.whole_person import NAME, SLUG, ZOE, forget
from worker.errors import Reason, RequestRefusedError
from worker.rules.model import FoundPerson, ImportSource, Kind


@pytest.mark.parametrize("how", ["queued", "claimed", "acting", "looked at"])
def test_who_is_worked_on_is_left_whole_until_it_is_over(database: Database, how: str) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        a_contact(session, other, SLUG, name=NAME)
        action_id = add_planned(session, account, a_contact(session, account, SLUG, name=NAME))
        assert queue_due_actions(session) == [action_id]
        if how != "queued":
            claim = claim_action(session, action_id)
            if how != "claimed":
                assert lifecycle.write_intent(session, claim)
            if how == "looked at":
                lifecycle.mark_uncertain(
                    session, claim, reason=Reason.PROOF_MISSING, detail="?", wait=timedelta(0)
                )
                assert queue_due_actions(session) == [action_id]
    with pytest.raises(RequestRefusedError, match="try again in a minute"), database.transaction() as session:
        forget(session)
    with database.transaction() as session:
        assert set(session.scalars(select(Contact.full_name))) == {NAME}
        assert not session.scalars(select(Tombstone)).all()


def _deciding(session: Session, zoe: Contact, action_id: UUID) -> None:
    """Lock as deciding on a proposal does, which will lock the audit head next."""
    session.execute(select(Action).where(Action.id == action_id).with_for_update())


def _planning(session: Session, zoe: Contact, action_id: UUID) -> None:
    """Lock as planning does: an action's foreign key locks the contact."""
    session.execute(select(Contact.id).where(Contact.id == zoe.id).with_for_update(read=True, key_share=True))


def _reading(session: Session, zoe: Contact, action_id: UUID) -> None:
    """Lock as a campaign's planner does."""
    campaigns.find_campaign(session, a_campaign_of(session, action_id), lock=True)


def _importing(session: Session, zoe: Contact, action_id: UUID) -> None:
    runs.begin_import(
        session, account_id=zoe.account_id, source=ImportSource.CSV, file_name="x.csv", by="tests"
    )


def a_campaign_of(session: Session, action_id: UUID) -> UUID:
    return session.scalars(select(Action.campaign_id).where(Action.id == action_id)).one()


@pytest.mark.parametrize("others", [_deciding, _planning, _reading, _importing])
def test_nobody_waits_for_those_who_may_wait_for_us(
    database: Database, others: Callable[[Session, Contact, UUID], None]
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        zoe = a_contact(session, account, SLUG, name=NAME)
        action_id = add_proposed(session, account, zoe)
    with database.transaction() as busy:
        others(busy, zoe, action_id)
        refused = pytest.raises(RequestRefusedError, match="nothing was changed")
        with refused, database.transaction() as session:
            forget(session)
    with database.transaction() as session:
        assert forget(session).accounts == 1


def test_what_is_planned_for_them_meanwhile_waits_and_then_is_not(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        zoe = a_contact(session, account, SLUG, name=NAME)

    def plan() -> int:
        with open_database(database_url) as other, other.transaction() as session:
            campaign = campaigns.find_campaign(session, a_campaign(session, account))
            assert campaign is not None
            draft = PlannedAction(zoe.id, "birthday:2026", date(2026, 11, 24), f"Dear {NAME}")
            return plans.insert_plan(session, campaign, Kind.GREET, [draft])

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            forget(session)
            planning = pool.submit(plan)
            wait_for_lock_wait(database, planning)
        assert planning.result() == 0
    with database.transaction() as session:
        assert not session.scalars(select(Action)).all()


def test_who_comes_in_meanwhile_waits_and_then_does_not(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        account = an_account(session)

    def read() -> int:
        with open_database(database_url) as other, other.transaction() as session:
            found = FoundPerson(ZOE, NAME, "", "", 2, open_to_work=False)
            return len(searches.save_found_people(session, account.id, [found]))

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            forget(session)
            reading = pool.submit(read)
            wait_for_lock_wait(database, reading)
        assert reading.result() == 0
