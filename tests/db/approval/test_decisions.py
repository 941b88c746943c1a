"""What prevents an approval, by the current row and by the date in the account's zone."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions.review import approval, proposals
from db.store.actions.review.approval import DecisionOutcome
from db.store.people import contacts
from db.tables import Action
from tests.builders import SANDBOX, a_contact, action, add_proposed, an_account, database_now
from tests.db.helpers import open_database
from worker.rules.messages.approval import approval_hash

ANN = f"{SANDBOX}ann/"


def elsewhere(now: datetime) -> str:
    """Return a zone where it is another day than in UTC."""
    return "Pacific/Kiritimati" if now.hour >= 10 else "Pacific/Niue"


def test_what_was_decided_is_told_before_whatever_else_hinders(session: Session) -> None:
    account = an_account(session)
    action_id = add_proposed(session, account, a_contact(session, account, "ann"))
    assert approval.drop_proposal(session, action_id, by="bob").outcome is DecisionOutcome.DONE
    contacts.set_do_not_contact(session, account.id, ANN, value=True, by="tests")
    late = approval.approve_proposal(session, action_id, seen="", by="ann")
    assert (late.outcome, late.decided_by) == (DecisionOutcome.DECIDED, "by bob")


def test_the_last_day_to_approve_is_one_of_the_account_s_zone(session: Session) -> None:
    now = database_now(session)
    account = an_account(session, zone=elsewhere(now))
    today = now.astimezone(account.zone).date()
    assert today != now.date()
    action_id = add_proposed(session, account, a_contact(session, account, "ann"))
    for days, outcome in ((-1, DecisionOutcome.TOO_LATE), (0, DecisionOutcome.DONE)):
        session.execute(update(Action).values(expires_on=today + timedelta(days=days)))
        decision = approval.approve_proposal(session, action_id, seen=approval_hash(ANN, "Hi!"), by="ann")
        assert decision.outcome is outcome


def test_an_approval_judges_the_row_as_it_is_now(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        account = an_account(session)
        action_id = add_proposed(session, account, a_contact(session, account, "ann"))
    with database.transaction() as session:
        known = action(session, action_id)
        assert known.message == "Hi!"
        with open_database(database_url) as other, other.transaction() as theirs:
            theirs.execute(update(Action).values(message="Hello!"))
        decision = approval.approve_proposal(session, action_id, seen=approval_hash(ANN, "Hi!"), by="ann")
        assert decision.outcome is DecisionOutcome.CHANGED


def test_how_late_a_proposal_is_goes_by_the_account_s_day(session: Session) -> None:
    now = database_now(session)
    account = an_account(session, zone=elsewhere(now))
    add_proposed(session, account, a_contact(session, account, "ann"), late_days=2)
    (shown,) = proposals.list_proposals(session, limit=9)
    assert (shown.today, shown.days_late) == (now.astimezone(account.zone).date(), 2)
