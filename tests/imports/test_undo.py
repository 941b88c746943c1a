"""Undoing an import keeps a person's decisions and what is being planned meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.engine import Database, get_database_time
from db.store.actions import plans
from db.store.actions.plans import PlannedAction
from db.store.actions.review import approval
from db.store.campaigns import campaigns
from db.store.imports import runs
from db.store.people import contacts, import_lock
from db.store.people.accounts import AccountRecord
from db.tables import Action, Contact, Exclusion, ImportChange
from tests.builders import SANDBOX, a_campaign, a_contact, an_account, contact_by_slug
from tests.db.helpers import open_database, wait_for_lock_wait
from worker.rules.model import ActionState, BirthdayCard, ContactStatus, ImportSource, Kind

ANN = f"{SANDBOX}ann/"
DAY = date(2027, 3, 4)


def an_import(session: Session, account: AccountRecord) -> int:
    import_id = runs.begin_import(
        session, account_id=account.id, source=ImportSource.V1, file_name="x.db", by="tests"
    )
    runs.finish_import(session, import_id, {})
    return import_id


def import_ann(session: Session, account: AccountRecord) -> int:
    """Import Ann; return the import's id."""
    import_id = an_import(session, account)
    a_contact(session, account, "ann", birthday=DAY).import_id = import_id
    session.flush()
    return import_id


def read_page(session: Session, account: AccountRecord) -> Contact:
    contacts.save_birthdays(session, account.id, [BirthdayCard(ANN, "Ann", DAY)])
    session.expire_all()
    return contact_by_slug(session, account, "ann")


def test_who_was_marked_stays_marked_when_the_page_brings_them_again(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        import_id = import_ann(session, account)
        assert contacts.set_do_not_contact(session, account.id, ANN, value=True, by="tests")
        assert runs.undo_import(session, import_id).contacts == 1
        assert read_page(session, account).do_not_contact
        assert contacts.set_do_not_contact(session, account.id, ANN, value=False, by="tests")
        assert not read_page(session, account).do_not_contact


@pytest.mark.parametrize("how", ["command", "never again"])
def test_who_was_marked_by_an_import_and_by_a_person_stays_marked(database: Database, how: str) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ann = a_contact(session, account, "ann", birthday=DAY)
        action_id = proposed(session, account, ann)
        import_id = an_import(session, account)
        session.add(Exclusion(account_id=account.id, profile_url=ANN, import_id=import_id))
        before = {"do_not_contact": False}
        session.add(ImportChange(import_id=import_id, contact_id=ann.id, before=before))
        ann.do_not_contact = True
        session.flush()
        if how == "command":
            assert contacts.set_do_not_contact(session, account.id, ANN, value=True, by="tests")
        else:
            approval.never_contact(session, action_id, by="me")
        runs.undo_import(session, import_id)
        session.expire_all()
        assert contact_by_slug(session, account, "ann").do_not_contact


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])  # one of them has another day than UTC
@pytest.mark.parametrize("days", [0, 1])
def test_who_is_on_hold_by_the_account_s_day_is_kept(database: Database, zone: str, days: int) -> None:
    with database.transaction() as session:
        account = an_account(session, zone=zone)
        import_id = import_ann(session, account)
        today = get_database_time(session).astimezone(account.zone).date()
        contact_by_slug(session, account, "ann").hold_until = today + timedelta(days=days)
        session.flush()
        undone = runs.undo_import(session, import_id)
        assert (undone.contacts, undone.kept) == (1 - days, days)


def proposed(session: Session, account: AccountRecord, contact: Contact) -> UUID:
    campaign = campaigns.find_campaign(session, a_campaign(session, account))
    assert campaign is not None
    draft = PlannedAction(contact.id, "birthday:2027", DAY, "Hi")
    plans.insert_plan(session, campaign, Kind.GREET, [draft], needs_approval=True)
    return draft.id


def test_a_plan_that_is_being_made_is_not_lost(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        account = an_account(session)
        import_id = import_ann(session, account)
        contact = contact_by_slug(session, account, "ann")

    def undo() -> int:
        with open_database(database_url) as other, other.transaction() as session:
            return runs.undo_import(session, import_id).kept

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            proposed(session, account, contact)
            undone = pool.submit(undo)
            wait_for_lock_wait(database, undone)
        assert undone.result() == 1
    with database.transaction() as session:
        assert session.scalars(select(Action.state)).all() == [ActionState.PROPOSED]


def test_a_page_waits_for_an_import_and_then_meets_what_it_excludes(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        account = an_account(session)

    def read() -> bool:
        with open_database(database_url) as other, other.transaction() as session:
            return read_page(session, account).do_not_contact

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            import_id = an_import(session, account)
            with database.transaction() as other:
                assert import_lock.is_import_running(other, account.id)
            page = pool.submit(read)
            session.add(Exclusion(account_id=account.id, profile_url=ANN, import_id=import_id))
            session.flush()
        assert page.result()
    with database.transaction() as session:
        assert not import_lock.is_import_running(session, account.id)


@pytest.mark.parametrize("status", [ContactStatus.PROSPECT, ContactStatus.NOT_CONNECTED])
def test_who_is_on_the_birthdays_page_is_connected(database: Database, status: ContactStatus) -> None:
    with database.transaction() as session:
        account = an_account(session)
        a_contact(session, account, "ann", birthday=DAY - timedelta(days=1)).status = status
        session.flush()
        assert read_page(session, account).status == ContactStatus.CONNECTED
