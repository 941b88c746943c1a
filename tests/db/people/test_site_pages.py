"""What pages and lists of the site, schedules and searches may change, and for which people."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import lifecycle, plans
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns, schedules, searches
from db.store.people import contacts, import_lock, invitations, visits
from db.store.people.accounts import AccountRecord
from db.tables import Contact, Exclusion, Hit, Schedule, Search
from tests.builders import (
    SANDBOX,
    a_campaign,
    a_contact,
    a_search,
    action,
    an_account,
    contact_by_slug,
    database_now,
    found,
)
from tests.db.helpers import (
    claim_action,
    open_database,
    queue_due_actions,
    run_without_triggers,
    wait_for_lock_wait,
)
from worker.rules.model import (
    ActionState,
    BirthdayCard,
    CampaignKind,
    ContactStatus,
    FoundPerson,
    Kind,
    SearchEnd,
    SentInvitation,
)

DAY = date(2027, 3, 4)


def an_action(
    session: Session, account: AccountRecord, contact: Contact, kind: Kind, occasion: str = "test"
) -> PlannedAction:
    campaign = campaigns.find_campaign(session, a_campaign(session, account))
    assert campaign is not None
    draft = PlannedAction(contact.id, occasion, DAY, "Hi!")
    assert plans.insert_plan(session, campaign, kind, [draft]) == 1
    return draft


def test_pages_and_lists_change_no_more_than_they_show(session: Session) -> None:
    account = an_account(session)
    ann = a_contact(session, account, "ann", name="Ann")
    ann.do_not_contact = True
    session.flush()
    addresses = [f"{SANDBOX}{slug}/" for slug in ("new", "ann")]
    assert len(visits.save_addresses(session, account.id, addresses)) == 2
    sent = [SentInvitation(address, "Renamed", DAY) for address in addresses]
    assert invitations.save_invited(session, account.id, sent) == 2
    far = FoundPerson(addresses[1], "Ann Far", "", "", 3, open_to_work=False)
    assert len(searches.save_found_people(session, account.id, [far])) == 1
    session.expire_all()
    assert (ann.status, ann.full_name, ann.do_not_contact) == (ContactStatus.CONNECTED, "Ann Far", True)
    new = contact_by_slug(session, account, "new")
    assert (new.status, new.full_name) == (ContactStatus.PROSPECT, "Renamed")
    near = FoundPerson(addresses[0], "New", "", "", 1, open_to_work=False)
    searches.save_found_people(session, account.id, [near])
    session.expire_all()
    assert new.status == ContactStatus.CONNECTED
    contacts.mark_not_connected(session, ann.id)
    session.expire_all()
    assert [ann.status, new.status] == [ContactStatus.NOT_CONNECTED, ContactStatus.CONNECTED]
    contacts.save_birthdays(session, account.id, [BirthdayCard(addresses[1], "Ann", DAY)])
    session.expire_all()
    assert ann.status == ContactStatus.CONNECTED


def test_whoever_a_page_or_a_list_brings_in_is_no_connection_unless_the_site_says_so(
    session: Session,
) -> None:
    account = an_account(session)
    address = f"{SANDBOX}{{}}/".format
    visits.save_addresses(session, account.id, [address("listed")])
    invitations.save_invited(session, account.id, [SentInvitation(address("invited"), "Invited", DAY)])
    searches.save_found_people(
        session,
        account.id,
        [FoundPerson(address(str(n)), "X", "", "", n, open_to_work=False) for n in (1, 2, 3)],
    )
    contacts.save_birthdays(session, account.id, [BirthdayCard(address("birthday"), "Ann", DAY)])
    connected = select(Contact.profile_url).where(Contact.status == ContactStatus.CONNECTED)
    assert sorted(session.scalars(connected)) == [address("1"), address("birthday")]


def test_a_list_names_the_account_s_own_contacts(session: Session) -> None:
    other, account = an_account(session, "other"), an_account(session)
    addresses = [f"{SANDBOX}{slug}/" for slug in ("bob", "ann")]
    visits.save_addresses(session, other.id, addresses)
    ids = visits.save_addresses(session, account.id, addresses)
    rows = [session.get_one(Contact, each) for each in ids]
    assert [(row.account_id, row.profile_url) for row in rows] == [
        (account.id, address) for address in addresses
    ]


@pytest.mark.parametrize("page", ["birthdays", "invitations"])
def test_a_page_waits_for_an_import_which_may_exclude_somebody_on_it(
    database: Database, database_url: str, page: str
) -> None:
    with database.transaction() as session:
        account = an_account(session)
    ann = f"{SANDBOX}ann/"

    def keep() -> int:
        with open_database(database_url) as other, other.transaction() as session:
            if page == "birthdays":
                return contacts.save_birthdays(session, account.id, [BirthdayCard(ann, "Ann", DAY)])
            return invitations.save_invited(session, account.id, [SentInvitation(ann, "Ann", DAY)])

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            import_lock.lock_for_import(session, account.id)
            session.add(Exclusion(account_id=account.id, profile_url=ann))
            session.flush()
            keeping = pool.submit(keep)
            wait_for_lock_wait(database, keeping)
        assert keeping.result(60) == 1
    with database.transaction() as session:
        assert contact_by_slug(session, account, "ann").do_not_contact


def test_an_invitation_says_what_is_planned_for_it(session: Session) -> None:
    account, other = an_account(session), an_account(session, "other")
    people = [a_contact(session, account, slug) for slug in ("ann", "bob", "eve", "zoe")]
    a_contact(session, other, "new")
    sent = [SentInvitation(person.profile_url, "x", DAY) for person in people]
    sent.append(SentInvitation(f"{SANDBOX}new/", "New", DAY))
    ann, bob, eve, zoe = people
    an_action(session, account, zoe, Kind.VISIT)
    for person, which in ((ann, "old"), (bob, "now"), (bob, "open"), (eve, "now")):
        an_action(session, account, person, Kind.WITHDRAW, which)
    ended = "update actions set state = 'skipped', reason = 'gap' where occasion in ('old', 'now')"
    run_without_triggers(session, ended)
    told = invitations.list_invited(session, account.id, sent, occasion="now")
    assert [(one.contact_id, one.planned_as) for one in told] == [
        (ann.id, None), (bob.id, ActionState.PLANNED), (eve.id, ActionState.SKIPPED), (zoe.id, None),
    ]  # fmt: skip


def test_do_not_contact_is_one_person_s_and_taking_it_back_leaves_what_was_greeted(
    session: Session,
) -> None:
    account, other = an_account(session), an_account(session, "other")
    a_contact(session, account, "ann", name="Ann")
    a_contact(session, account, "bob", name="Bob")
    a_contact(session, other, "ann", name="Ann")
    address = f"{SANDBOX}ann/"
    session.add_all(
        [
            Exclusion(account_id=account.id, profile_url=address, occasion="birthday:2026"),
            Exclusion(account_id=account.id, name_key="ann"),
            Exclusion(account_id=account.id, name_key="bob"),
            Exclusion(account_id=other.id, name_key="ann"),
        ]
    )
    session.flush()
    assert contacts.set_do_not_contact(session, account.id, address, value=True, by="tests")
    marked = select(Contact.account_id, Contact.full_name).where(Contact.do_not_contact)
    assert [tuple(row) for row in session.execute(marked)] == [(account.id, "Ann")]
    by_address = select(func.count()).where(Exclusion.profile_url == address, Exclusion.occasion.is_(None))
    assert session.scalar(by_address) == 1
    assert contacts.set_do_not_contact(session, account.id, address, value=False, by="tests")
    assert session.execute(marked).all() == []
    left = session.execute(
        select(Exclusion.account_id, Exclusion.name_key, Exclusion.occasion).order_by(Exclusion.id)
    ).all()
    assert [tuple(row) for row in left] == [
        (account.id, None, "birthday:2026"), (account.id, "bob", None), (other.id, "ann", None),
    ]  # fmt: skip


def test_a_schedule_is_put_and_switched_off_for_one_kind_of_one_account(session: Session) -> None:
    one, two = an_account(session, "one"), an_account(session, "two")
    later = database_now(session) + timedelta(hours=1)
    kinds = [(one, CampaignKind.BIRTHDAY), (one, CampaignKind.VISITOR), (two, CampaignKind.BIRTHDAY)]
    for account, kind in kinds:
        schedules.save_schedule(
            session, account_id=account.id, kind=kind, cron="0 7 * * *", options={}, next_fire_at=later
        )
    assert schedules.lock_due_schedules(session) == []
    assert schedules.disable_schedule(session, one.id, CampaignKind.BIRTHDAY)
    assert not schedules.disable_schedule(session, one.id, CampaignKind.BIRTHDAY)
    enabled = select(Schedule.account_id, Schedule.kind).where(Schedule.enabled)
    assert {tuple(row) for row in session.execute(enabled)} == {
        (one.id, CampaignKind.VISITOR), (two.id, CampaignKind.BIRTHDAY),
    }  # fmt: skip
    session.execute(update(Schedule).values(next_fire_at=database_now(session)))
    first, second = schedules.lock_due_schedules(session)
    campaign_id = a_campaign(session, one)
    schedules.record_fire(session, first, campaign_id=campaign_id, next_fire_at=later)
    assert [due.id for due in schedules.lock_due_schedules(session)] == [second.id]


def test_a_schedule_that_another_beat_holds_is_not_waited_for(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        account = an_account(session)
        schedules.save_schedule(
            session, account_id=account.id, kind=CampaignKind.BIRTHDAY, cron="0 7 * * *", options={},
            next_fire_at=database_now(session),
        )  # fmt: skip
    with database.transaction() as first, open_database(database_url) as other:
        assert len(schedules.lock_due_schedules(first)) == 1
        with other.transaction() as second:
            second.execute(text("set local lock_timeout = '2s'"))
            assert schedules.lock_due_schedules(second) == []


def test_a_search_moves_on_alone_and_its_end_is_kept(session: Session) -> None:
    account = an_account(session)
    one, people = a_search(session, account, found("ann"), found("bob"))
    two, _ = a_search(session, account)
    new = [found("ann"), found("new")]
    assert searches.filter_new_people(session, one, new) == [new[1]]
    session.execute(text("delete from hits where campaign_id = :id"), {"id": one})
    assert searches.filter_new_people(session, one, new) == new
    searches.add_hits(session, one, people, page=1)
    before = searches.require_search(session, one)
    searches.mark_search_failed(session, one)
    assert [searches.require_search(session, each).ended for each in (one, two)] == [SearchEnd.FAILED, None]
    session.execute(update(Search).where(Search.campaign_id == one).values(ended=SearchEnd.LIMIT))
    searches.mark_search_failed(session, one)
    assert searches.require_search(session, one).ended is SearchEnd.LIMIT
    searches.save_cursor(session, one, before)
    assert searches.require_search(session, one) == before
    assert session.scalar(select(func.count()).where(Hit.campaign_id == one)) == 2
    searches.save_cursor(session, one, replace(before, pages=7))
    assert [searches.require_search(session, each).pages for each in (one, two)] == [7, before.pages]


def test_a_page_s_action_is_about_nobody(session: Session) -> None:
    account = an_account(session)
    campaign_id, _ = a_search(session, account)
    campaign = campaigns.find_campaign(session, campaign_id)
    assert campaign is not None
    page = PlannedAction(None, "page:1", DAY, "")
    assert plans.insert_plan(session, campaign, Kind.COLLECT, [page]) == 1
    again = PlannedAction(None, "page:1", DAY, "")
    assert plans.insert_plan(session, campaign, Kind.COLLECT, [again]) == 0  # one page is read once
    assert queue_due_actions(session) == [page.id]
    claim = claim_action(session, page.id)
    assert lifecycle.write_intent(session, claim)
    assert lifecycle.finish_page(session, claim, detail="12 people")
    assert action(session, page.id).state == ActionState.DONE
