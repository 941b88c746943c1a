"""How far an inbox is read, and how replies are marked."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.store.actions import lifecycle, replies
from db.store.people.accounts import AccountRecord
from db.tables import Account, Action, Campaign, Contact, Interaction
from tests.builders import action, add_planned, contact_by_slug, database_now
from tests.db.actions.inbox_helpers import a_signed_in_account, begun, greeted
from tests.db.helpers import (
    claim_action,
    queue_due_actions,
)
from worker.rules.messages.replies import REPLY_WINDOW, Reply
from worker.rules.model import Kind

SECOND = timedelta(seconds=1)


def next_hour(session: Session) -> None:
    session.execute(update(Account).values(inbox_asked_at=None, inbox_lease_until=None))


def test_a_reading_begins_where_the_last_one_ended_less_what_a_site_may_show_late(
    session: Session,
) -> None:
    account = a_signed_in_account(session)
    greeted(session, account, "ann")
    greeted(session, account, "bob")
    now = database_now(session)
    first, second = session.scalars(select(Action.id).order_by(Action.contact_id)).all()
    for each, days in ((first, 9), (second, 5)):
        action(session, each).acting_since = now - timedelta(days=days)
    session.flush()

    def since() -> datetime:
        next_hour(session)
        session.expire_all()
        return begun(session, account, overlap=timedelta(minutes=5)).since

    assert since() == now - timedelta(days=9)  # the oldest greeting
    session.execute(update(Account).values(inbox_read_at=now - timedelta(days=1)))
    assert since() == now - timedelta(days=1, minutes=5)
    session.execute(update(Account).values(inbox_read_at=now - timedelta(days=20)))
    assert since() == now - timedelta(days=9)
    session.execute(update(Action).values(acting_since=now - timedelta(days=40)))
    session.execute(update(Account).values(inbox_read_at=None))
    assert since() == now - REPLY_WINDOW


def test_the_newest_greeting_of_each_person_is_what_a_reply_belongs_to(session: Session) -> None:
    account, other = a_signed_in_account(session), a_signed_in_account(session, "other")
    ids = [greeted(session, account, slug) for slug in ("ann", "bob", "eve", "old")]
    greeted(session, other, "ann")
    ann, bob, eve = (contact_by_slug(session, account, slug) for slug in ("ann", "bob", "eve"))
    now = database_now(session)
    days = timedelta(days=1)
    bob.do_not_contact = True
    keeps = Campaign.id == action(session, ids[0]).campaign_id
    session.execute(update(Campaign).where(keeps).values(options={"keep_replies": True}))
    session.execute(update(Interaction).where(Interaction.contact_id == eve.id).values(replied_at=now))
    session.execute(
        update(Interaction).where(Interaction.action_id == ids[3]).values(created_at=now - REPLY_WINDOW)
    )
    action(session, ids[0]).acting_since = now - 3 * days
    earlier = planned_before(session, account, ann)
    action(session, earlier).acting_since = now - 4 * days
    visit = action(session, planned_before(session, account, bob))
    visit.kind, visit.acting_since = Kind.VISIT, now + SECOND
    session.flush()
    session.execute(update(Interaction).where(Interaction.action_id == visit.id).values(type=Kind.VISIT))
    reading = begun(session, account)
    assert [one.contact_id for one in reading.greeted] == [ann.id, bob.id, eve.id]
    first, second, third = reading.greeted
    assert (first.profile_url, first.greeted_at) == (ann.profile_url, now - 3 * days)
    assert (first.keep_text, first.may_open, first.replied) == (True, True, False)
    assert (second.keep_text, second.may_open, second.greeted_at) == (False, False, now)
    assert (third.replied, third.may_open) == (True, True)
    action(session, ids[0]).acting_since = None
    session.flush()
    next_hour(session)
    session.expire_all()
    assert begun(session, account).greeted[0].greeted_at == now


def planned_before(session: Session, account: AccountRecord, contact: Contact) -> UUID:
    """Greet somebody for an earlier birthday too."""
    action_id = planned_for(session, account, contact)
    queue_due_actions(session)
    claim = claim_action(session, action_id)
    assert lifecycle.write_intent(session, claim)
    assert lifecycle.record_effect(session, claim, status="sent", text="Earlier", screenshot=None)
    session.flush()
    return action_id


def planned_for(session: Session, account: AccountRecord, contact: Contact) -> UUID:
    session.execute(
        update(Action).where(Action.contact_id == contact.id).values(occasion=Action.occasion + " before")
    )
    return add_planned(session, account, contact)


def test_a_reply_is_marked_once_and_dates_only_move_forward(session: Session) -> None:
    account, other = a_signed_in_account(session), a_signed_in_account(session, "other")
    greeted(session, account, "ann")
    greeted(session, account, "bob")
    reading = begun(session, account)
    now = database_now(session)
    ann = reading.greeted[0]

    def mark(at: datetime, message: str, read_to: datetime | None) -> tuple[int, datetime | None]:
        marked = replies.record_replies(session, reading, [Reply(ann, at, message)], read_to)
        session.expire_all()
        row = session.get_one(Interaction, ann.interaction_id)
        assert (row.replied_at, row.reply) == (now, "first")
        owner = session.get_one(Account, account.id)
        return marked, owner.inbox_read_at

    assert mark(now, "first", now) == (1, now)
    assert mark(now + SECOND, "second", now + SECOND) == (0, now + SECOND)
    assert session.get_one(Contact, ann.contact_id).replied_at == now + SECOND
    assert mark(now - SECOND, "late", now - SECOND) == (0, now + SECOND)
    assert mark(now - SECOND, "late", None) == (0, now + SECOND)
    assert session.get_one(Contact, ann.contact_id).replied_at == now + SECOND
    assert session.get_one(Interaction, reading.greeted[1].interaction_id).replied_at is None
    assert session.get_one(Contact, reading.greeted[1].contact_id).replied_at is None
    assert session.get_one(Account, other.id).inbox_read_at is None
