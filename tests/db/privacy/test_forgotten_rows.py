"""What remains in the rows of an erased person, and in everybody else's."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import plans
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns
from db.store.imports import runs
from db.store.people import profiles
from db.tables import Action, Contact, Exclusion, StoredProfile
from tests.builders import TEN, a_campaign, a_contact, action, add_planned, an_account
from tests.db.helpers import open_database, queue_due_actions, wait_for_lock_wait
from tests.whole_person import NAME, SLUG, ZOE, forget
from worker.rules.model import ActionState, ImportSource, Kind
from worker.rules.sourcing.profile import Profile


def test_of_whom_is_forgotten_nothing_is_left_but_that_they_were(database: Database) -> None:
    born = date(1980, 11, 24)
    with database.transaction() as session:
        account = an_account(session)
        zoe = a_contact(session, account, SLUG, name=NAME, birthday=born)
        add_planned(session, account, zoe)
        zoe.birth_year, zoe.score, zoe.replied_at, zoe.last_greeted_on = 1980, 70, func.now(), born
        zoe.import_id = runs.begin_import(
            session, account_id=account.id, source=ImportSource.CSV, file_name="x", by="me"
        )
        session.execute(update(Action).values(occasion_on=born, expires_on=born))
    with database.transaction() as session:
        forget(session)
        zoe = session.get_one(Contact, zoe.id)
        row = session.scalars(select(Action)).one()
        assert {
            zoe.birth_month, zoe.birth_day, zoe.birth_year, zoe.score, zoe.replied_at, zoe.last_greeted_on,
            zoe.import_id,
        } == {None}  # fmt: skip
        assert (zoe.do_not_contact, zoe.status) == (True, "not_connected")
        assert zoe.forgotten_at is not None
        assert (row.occasion_on, row.expires_on) == (row.created_at.date(), None)


def test_what_is_another_s_is_left_alone_by_forgetting_one(session: Session) -> None:
    account = an_account(session)
    linkedin = an_account(session, "linkedin", site="linkedin", limits=TEN)
    zoe, bob = a_contact(session, account, SLUG, name=NAME), a_contact(session, account, "bob")
    waits = add_planned(session, account, bob)
    add_planned(session, account, zoe)
    profiles.save_profile(session, bob.id, Profile(bob.profile_url, "Bob", "", "", 1, open_to_work=False))
    elsewhere = Exclusion(account_id=linkedin.id, profile_url=ZOE)
    session.add(elsewhere)
    session.flush()
    told = forget(session)
    assert (told.skipped, told.exclusions, told.erased.profiles) == (1, 0, 0)
    row = action(session, waits)
    assert (row.state, row.message) == (ActionState.PLANNED, "Hi!")
    assert session.get_one(StoredProfile, bob.id) is not None
    assert session.scalars(select(Exclusion.profile_url)).all() == [ZOE]


def test_no_action_of_the_account_starts_while_somebody_is_being_forgotten(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        a_contact(session, account, SLUG, name=NAME)
        waits = add_planned(session, account, a_contact(session, account, "bob"))
    with database.transaction() as session, open_database(database_url) as other:
        forget(session)
        with other.transaction() as dispatcher:
            dispatcher.execute(text("set local lock_timeout = '2s'"))
            assert queue_due_actions(dispatcher) == []
    with database.transaction() as session:
        assert queue_due_actions(session) == [waits]


def test_a_plan_that_is_being_made_and_a_forgetting_do_not_wait_for_each_other(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        zoe, bob = a_contact(session, account, SLUG, name=NAME), a_contact(session, account, "bob")
        add_planned(session, account, zoe)

    def erase() -> int:
        with open_database(database_url) as other, other.transaction() as session:
            return forget(session).skipped

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            add_planned(session, account, bob)  # its event locks the head of the audit chain
            erasing = pool.submit(erase)
            wait_for_lock_wait(database, erasing)
            campaign = campaigns.find_campaign(session, a_campaign(session, account))
            assert campaign is not None
            visit = PlannedAction(zoe.id, "visit:2026-W47", date(2026, 11, 17), "")
            assert plans.insert_plan(session, campaign, Kind.VISIT, [visit]) == 1
        assert erasing.result(60) == 2
