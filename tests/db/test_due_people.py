"""Who is due for a birthday, a visit or a withdrawal, and what a page of the site may change about a person."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import uuid4

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store import actions, campaigns, contacts, invitations, profiles, schedules, searches, visits
from db.store.accounts import AccountRecord
from db.store.campaigns import PlannedAction
from db.store.contacts import DueBirthday
from db.store.visits import DueVisit
from db.tables import Contact, Exclusion, Hit, Interaction, Schedule, Search
from tests.builders import (
    LONG_AGO,
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
from tests.db.helpers import behind_the_triggers, claimed, queue
from worker.errors import Reason
from worker.rules.birthdays import occasion
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
from worker.rules.profile import Profile

DAY = date(2027, 3, 4)
MONTHS = {"months": 6, "no_repeat_days": 30, "limit": 9}


def due(session: Session, account: AccountRecord, late_days: int = 0) -> Sequence[DueBirthday]:
    return contacts.due_birthdays(session, account.id, DAY, late_days, texts_since=LONG_AGO)


def an_action(
    session: Session, account: AccountRecord, contact: Contact, kind: Kind, occasion: str = "test"
) -> PlannedAction:
    campaign = campaigns.get(session, a_campaign(session, account))
    assert campaign is not None
    draft = PlannedAction(contact.id, occasion, DAY, "Hi!")
    assert campaigns.plan(session, campaign, kind, [draft]) == 1
    return draft


def happened(session: Session, contact: Contact, at: datetime, **values: object) -> None:
    row = Interaction(
        account_id=contact.account_id, contact_id=contact.id, source_key=uuid4().hex, type=Kind.VISIT,
        status="imported", occasion="x", message="", correlation_id="test", created_at=at,
    )  # fmt: skip
    for name, value in values.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()


def test_a_birthday_says_what_is_planned_for_it_and_for_no_other(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ann, bob = (a_contact(session, account, slug, birthday=DAY) for slug in ("ann", "bob"))
        an_action(session, account, ann, Kind.VISIT, occasion(DAY))
        an_action(session, account, ann, Kind.GREET, "birthday:2026")
        assert [row.planned_as for row in due(session, account)] == [None, None]
        an_action(session, account, bob, Kind.GREET, occasion(DAY))
        assert [row.planned_as for row in due(session, account)] == [None, ActionState.PLANNED]


def test_only_what_concerns_this_birthday_leaves_somebody_out(database: Database) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        ann = a_contact(session, account, "ann", birthday=DAY)
        ann.last_greeted_on = DAY - timedelta(days=1)
        a_contact(session, other, "bob", birthday=DAY)
        prospect = a_contact(session, account, "eve", birthday=DAY)
        prospect.status = ContactStatus.PROSPECT
        now = database_now(session)
        happened(session, ann, now, occasion=occasion(DAY))  # a visit
        happened(session, ann, now, occasion="birthday:2026", type=Kind.GREET, message="Hi")
        session.add(Exclusion(account_id=account.id, occasion=occasion(DAY), name_key="bob"))
        session.flush()
        (only,) = due(session, account)
        assert (only.contact_id, only.left_out, only.texts) == (ann.id, None, ("Hi",))
        ann.last_greeted_on = DAY
        session.flush()
        assert [row.left_out for row in due(session, account)] == [Reason.ALREADY_GREETED]


def test_do_not_contact_is_told_before_any_other_reason(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ann = a_contact(session, account, "ann", birthday=DAY)
        ann.do_not_contact, ann.last_greeted_on, ann.status = True, DAY, ContactStatus.NOT_CONNECTED
        session.flush()
        assert [row.left_out for row in due(session, account)] == [Reason.DO_NOT_CONTACT]


def unseen(session: Session, account: AccountRecord) -> list[int]:
    return [row.contact_id for row in visits.not_seen(session, account.id, **MONTHS)]


def named(session: Session, account: AccountRecord, *people: Contact) -> list[DueVisit]:
    ids = [person.id for person in people]
    return list(visits.of_contacts(session, account.id, ids, no_repeat_days=30))


def test_who_was_not_seen_for_long_is_a_connection_that_may_be_visited(database: Database) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        ann, prospect, left_alone, gone = (
            a_contact(session, account, slug) for slug in ("ann", "prospect", "left-alone", "gone")
        )
        theirs = a_contact(session, other, "bob")
        prospect.status, left_alone.do_not_contact = ContactStatus.PROSPECT, True
        session.flush()
        behind_the_triggers(
            session,
            "update contacts set forgotten_at = now(), profile_url = 'forgotten:' || id where id = :id",
            id=gone.id,
        )
        session.expire_all()
        assert unseen(session, account) == [ann.id]
        told = named(session, account, theirs, gone, left_alone, prospect, ann)
        assert [(row.contact_id, row.left_out) for row in told] == [
            (left_alone.id, Reason.DO_NOT_CONTACT), (prospect.id, None), (ann.id, None),
        ]  # fmt: skip


def test_a_visit_that_was_made_tried_or_planned_is_not_made_again(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ann, bob = (a_contact(session, account, slug) for slug in ("ann", "bob"))
        edge = database_now(session) - timedelta(days=30)
        draft = an_action(session, account, ann, Kind.VISIT)
        (row, _) = named(session, account, ann, bob)
        assert (row.planned, row.left_out) == (True, None)
        assert unseen(session, account) == [bob.id]
        for state in ActionState:
            moved = "update actions set state = :state, reason = 'gap', lease_until = now()"
            behind_the_triggers(session, moved, state=state)
            on_its_way = state in {"planned", "queued", "claimed", "acting"}
            assert named(session, account, ann)[0].planned is on_its_way
            assert (ann.id in unseen(session, account)) is not on_its_way
        for at, left_out in ((edge + timedelta(seconds=1), Reason.VISITED_LATELY), (edge, None)):
            action(session, draft.id).acting_since = at
            session.flush()
            (tried,) = named(session, account, ann)
            assert (tried.left_out, tried.seen_at) == (left_out, at)
        action(session, draft.id).acting_since = None
        happened(session, bob, edge)
        assert named(session, account, bob)[0].left_out is None
        happened(session, bob, edge + timedelta(seconds=1))
        assert named(session, account, bob)[0].left_out is Reason.VISITED_LATELY
        happened(session, ann, database_now(session), type=Kind.GREET)
        draft = an_action(session, account, ann, Kind.GREET)
        action(session, draft.id).acting_since = database_now(session)
        session.flush()
        assert named(session, account, ann)[0].left_out is None


def test_a_profile_that_was_read_for_a_search_was_seen(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ann, bob, eve = (a_contact(session, account, slug) for slug in ("ann", "bob", "eve"))
        profiles.keep(session, ann.id, Profile(ann.profile_url, "Ann", "", "", 1, open_to_work=False))
        session.execute(text("update profiles set read_at = now() - interval '6 months'"))
        happened(session, bob, database_now(session) - timedelta(days=400))
        assert unseen(session, account) == [eve.id, bob.id, ann.id]
        assert [row.contact_id for row in visits.not_seen(session, account.id, **{**MONTHS, "limit": 1})] == [eve.id]
        session.execute(text("update profiles set read_at = now() - interval '6 months' + interval '1 s'"))
        assert unseen(session, account) == [eve.id, bob.id]


def test_pages_and_lists_change_no_more_than_they_show(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ann = a_contact(session, account, "ann", name="Ann")
        ann.do_not_contact = True
        session.flush()
        addresses = [f"{SANDBOX}{slug}/" for slug in ("new", "ann")]
        assert len(visits.keep_addresses(session, account.id, addresses)) == 2
        sent = [SentInvitation(address, "Renamed", DAY) for address in addresses]
        assert invitations.keep(session, account.id, sent) == 2
        far = FoundPerson(addresses[1], "Ann Far", "", "", 3, open_to_work=False)
        assert len(searches.keep_people(session, account.id, [far])) == 1
        session.expire_all()
        assert (ann.status, ann.full_name, ann.do_not_contact) == (ContactStatus.CONNECTED, "Ann Far", True)
        new = contact_by_slug(session, account, "new")
        assert (new.status, new.full_name) == (ContactStatus.PROSPECT, "Renamed")
        near = FoundPerson(addresses[0], "New", "", "", 1, open_to_work=False)
        searches.keep_people(session, account.id, [near])
        session.expire_all()
        assert new.status == ContactStatus.CONNECTED
        contacts.disconnect(session, ann.id)
        session.expire_all()
        assert [ann.status, new.status] == [ContactStatus.NOT_CONNECTED, ContactStatus.CONNECTED]
        contacts.keep_birthdays(session, account.id, [BirthdayCard(addresses[1], "Ann", DAY)])
        session.expire_all()
        assert ann.status == ContactStatus.CONNECTED


def test_an_invitation_says_what_is_planned_for_it(database: Database) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        people = [a_contact(session, account, slug) for slug in ("ann", "bob", "eve", "zoe")]
        a_contact(session, other, "new")
        sent = [SentInvitation(person.profile_url, "x", DAY) for person in people]
        sent.append(SentInvitation(f"{SANDBOX}new/", "New", DAY))
        ann, bob, eve, zoe = people
        an_action(session, account, zoe, Kind.VISIT)
        for person, which in ((ann, "old"), (bob, "old"), (bob, "now"), (eve, "now")):
            an_action(session, account, person, Kind.WITHDRAW, which)
        ended = "update actions set state = 'skipped', reason = 'gap' where occasion = 'old' or contact_id = :eve"
        behind_the_triggers(session, ended, eve=eve.id)
        told = invitations.known(session, account.id, sent, occasion="now")
        assert [(one.contact_id, one.planned_as) for one in told] == [
            (ann.id, None), (bob.id, ActionState.PLANNED), (eve.id, ActionState.SKIPPED), (zoe.id, None),
        ]  # fmt: skip


def test_do_not_contact_is_one_person_s_and_taking_it_back_leaves_what_was_greeted(
    database: Database,
) -> None:
    with database.transaction() as session:
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
        assert contacts.set_do_not_contact(session, account.id, address, value=True)
        marked = select(Contact.account_id, Contact.full_name).where(Contact.do_not_contact)
        assert [tuple(row) for row in session.execute(marked)] == [(account.id, "Ann")]
        by_address = select(func.count()).where(Exclusion.profile_url == address, Exclusion.occasion.is_(None))
        assert session.scalar(by_address) == 1
        assert contacts.set_do_not_contact(session, account.id, address, value=False)
        assert session.execute(marked).all() == []
        left = session.execute(
            select(Exclusion.account_id, Exclusion.name_key, Exclusion.occasion).order_by(Exclusion.id)
        ).all()
        assert [tuple(row) for row in left] == [
            (account.id, None, "birthday:2026"), (account.id, "bob", None), (other.id, "ann", None),
        ]  # fmt: skip


def test_a_schedule_is_put_and_switched_off_for_one_kind_of_one_account(database: Database) -> None:
    with database.transaction() as session:
        one, two = an_account(session, "one"), an_account(session, "two")
        later = database_now(session) + timedelta(hours=1)
        kinds = [(one, CampaignKind.BIRTHDAY), (one, CampaignKind.VISITOR), (two, CampaignKind.BIRTHDAY)]
        for account, kind in kinds:
            schedules.put(
                session, account_id=account.id, kind=kind, cron="0 7 * * *", options={}, next_fire_at=later
            )
        assert schedules.take_due(session) == []
        assert schedules.off(session, one.id, CampaignKind.BIRTHDAY)
        assert not schedules.off(session, one.id, CampaignKind.BIRTHDAY)
        enabled = select(Schedule.account_id, Schedule.kind).where(Schedule.enabled)
        assert {tuple(row) for row in session.execute(enabled)} == {
            (one.id, CampaignKind.VISITOR), (two.id, CampaignKind.BIRTHDAY),
        }  # fmt: skip
        session.execute(update(Schedule).values(next_fire_at=database_now(session)))
        first, second = schedules.take_due(session)
        campaign_id = a_campaign(session, one)
        schedules.fire(session, first, campaign_id=campaign_id, next_fire_at=later)
        assert [due.id for due in schedules.take_due(session)] == [second.id]


def test_a_search_moves_on_alone_and_its_end_is_kept(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        one, people = a_search(session, account, found("ann"), found("bob"))
        two, _ = a_search(session, account)
        new = [found("ann"), found("new")]
        assert searches.not_found_before(session, one, new) == [new[1]]
        session.execute(text("delete from hits where campaign_id = :id"), {"id": one})
        assert searches.not_found_before(session, one, new) == new
        searches.add_hits(session, one, people, page=1)
        before = searches.the(session, one)
        searches.fail(session, one)
        assert [searches.the(session, each).ended for each in (one, two)] == [SearchEnd.FAILED, None]
        session.execute(update(Search).where(Search.campaign_id == one).values(ended=SearchEnd.LIMIT))
        searches.fail(session, one)
        assert searches.the(session, one).ended is SearchEnd.LIMIT
        searches.advance(session, one, before)
        assert searches.the(session, one) == before
        assert session.scalar(select(func.count()).where(Hit.campaign_id == one)) == 2


def test_a_page_s_action_is_about_nobody(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        campaign_id, _ = a_search(session, account)
        campaign = campaigns.get(session, campaign_id)
        assert campaign is not None
        page = PlannedAction(None, "page:1", DAY, "")
        assert campaigns.plan(session, campaign, Kind.COLLECT, [page]) == 1
        again = PlannedAction(None, "page:1", DAY, "")
        assert campaigns.plan(session, campaign, Kind.COLLECT, [again]) == 0  # one page is read once
        assert queue(session) == [page.id]
        claim = claimed(session, page.id)
        assert actions.intend(session, claim)
        assert actions.finish_page(session, claim, detail="12 people")
        assert action(session, page.id).state == ActionState.DONE
