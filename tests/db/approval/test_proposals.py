"""Lists of proposals: their order and pages, and the facts shown about each person."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import event
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions.review import proposals
from db.store.actions.review.proposals import LastContact
from db.tables import Contact, Interaction
from tests.builders import (
    SANDBOX,
    a_contact,
    action,
    add_proposed,
    an_account,
    database_now,
)
from tests.db.approval.approval_helpers import shown
from worker.rules.messages.approval import approval_hash
from worker.rules.model import Kind


def test_proposals_come_in_pages_todays_first_and_of_whom_one_asks(session: Session) -> None:
    account, other = an_account(session), an_account(session, "other")
    ids = {
        late: {add_proposed(session, account, a_contact(session, account, f"p{late}{n}"), late_days=late)
               for n in range(3)}
        for late in (2, 0, 1)
    }  # fmt: skip
    alone = add_proposed(session, other, a_contact(session, other, "eve"), late_days=9)
    pages: list[list[UUID]] = []
    while page := proposals.list_proposals(session, limit=4, after=pages[-1][-1] if pages else None):
        pages.append([p.id for p in page])
        left = 10 - sum(map(len, pages))
        assert proposals.count_proposals(session, after=pages[-1][-1]) == left
    flat = [action_id for page in pages for action_id in page]
    assert [set(flat[:3]), set(flat[3:6]), set(flat[6:9]), flat[9:]] == [ids[0], ids[1], ids[2], [alone]]
    assert [p.id for p in proposals.list_proposals(session, limit=9, account="other")] == [alone]
    campaign = action(session, alone).campaign_id
    assert [p.id for p in proposals.list_proposals(session, limit=9, campaign=campaign)] == [alone]
    assert proposals.count_proposals(session, account="demo") == 9
    assert proposals.list_proposals(session, limit=9, after=uuid4()) == []


def happened(session: Session, contact: Contact, at: datetime, message: str, **more: object) -> None:
    values = {"type": Kind.GREET, "status": "imported", "occasion": "birthday:2000", "correlation_id": "x"}
    row = Interaction(account_id=contact.account_id, contact_id=contact.id, source_key=f"{at}{message}")
    for name, value in {**values, "message": message, "created_at": at, **more}.items():
        setattr(row, name, value)
    session.add(row)


def test_a_proposal_tells_who_it_is_how_late_and_what_passed_between_the_two(session: Session) -> None:
    account = an_account(session, zone="Pacific/Kiritimati")
    ann = a_contact(session, account, "ann", name="Ann O'Neil")
    ann.language, ann.profile = "fr", {"headline": " CTO ", "company": "Example", "position": 7}
    eve = a_contact(session, account, "eve")
    now = database_now(session)
    days = timedelta(days=1)
    for ago in (40, 20, 30, 10):
        happened(session, ann, now - ago * days, f"text {ago}")
    happened(session, ann, now - 5 * days, "", type=Kind.VISIT)
    happened(session, eve, now - 9 * days, "Hi Eve", replied_at=now - 8 * days)
    ids = [add_proposed(session, account, who, late_days=2, text="Salut !") for who in (ann, eve)]
    told = shown(session, ids[0])
    today = now.astimezone(account.zone).date()
    assert (told.account, told.contact, told.profile_url) == ("demo", "Ann O'Neil", f"{SANDBOX}ann/")
    assert (told.headline, told.company, told.language) == ("CTO", "Example", "fr")
    assert (told.occasion_on, told.days_late, told.expires_on) == (today - 2 * days, 2, today + 3 * days)
    assert (told.message, told.seen) == ("Salut !", approval_hash(f"{SANDBOX}ann/", "Salut !"))
    assert [past.message for past in told.past_texts] == ["text 10", "text 20", "text 30"]
    assert told.last_contact == LastContact(now - 5 * days, Kind.VISIT)
    assert shown(session, ids[1]).last_contact == LastContact(now - 8 * days, None)
    eve.replied_at = now - days
    session.flush()
    assert shown(session, ids[1]).last_contact == LastContact(now - days, None)


def test_of_a_stranger_it_tells_that_nothing_is_known(session: Session) -> None:
    account = an_account(session)
    ann = a_contact(session, account, "ann")
    ann.profile = {"headline": ["odd"], "company": "  ", "position": "Baker"}
    told = shown(session, add_proposed(session, account, ann))
    assert (told.headline, told.company, told.language) == ("Baker", None, None)
    assert (told.last_contact, told.past_texts) == (None, ())


def test_one_page_asks_three_questions_however_many_wait(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        for n in range(20):
            add_proposed(session, account, a_contact(session, account, f"p{n}"))
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    with database.transaction() as session:
        assert len(proposals.list_proposals(session, limit=100)) == 20
    assert len(asked) == 3
