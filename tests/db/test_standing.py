"""How an account stands, by the ledger: the run at hand, the newest denial, and each kind's own gap."""

from datetime import timedelta

from sqlalchemy import select, update

from db.engine import Database
from db.store import limits, quota, standing
from db.tables import Action, Campaign
from tests.builders import a_campaign, a_contact, action, an_account, planned
from worker.errors import Reason
from worker.rules.limits import Limits
from worker.rules.model import CampaignState, Kind

HOUR = timedelta(hours=1)


def test_the_newest_action_that_the_quota_denied_is_told_and_no_other_wait(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        campaign_id = a_campaign(session, account)
        for slug, reason in (("ann", Reason.GAP), ("bob", Reason.SITE_UNREACHABLE)):
            contact = a_contact(session, account, slug)
            row = action(session, planned(session, account, contact, campaign_id=campaign_id))
            row.reason, row.not_before = reason, row.not_before + HOUR
        until = row.not_before
    with database.transaction() as session:
        denial = standing.last_denial(session, account.id, Kind.GREET)
        assert denial is not None
        assert (denial.contact, denial.reason, denial.until) == ("Ann", Reason.GAP, until)
        assert standing.last_denial(session, account.id, Kind.VISIT) is None
        session.execute(update(Action).values(not_before=Action.created_at))
        assert standing.last_denial(session, account.id, Kind.GREET) is None


def test_the_run_at_hand_is_the_next_action_s_campaign_and_none_where_it_waits(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        assert standing.of_account(session, account).kinds[Kind.GREET].purse.run_id == ""
        campaign_id = a_campaign(session, account)
        planned(session, account, a_contact(session, account, "ann"), campaign_id=campaign_id)
        session.execute(update(Campaign).values(state=CampaignState.PLANNED))
        of = standing.of_account(session, account).kinds
        assert of[Kind.GREET].purse.run_id == str(campaign_id)
        assert of[Kind.VISIT].purse.run_id == ""
        session.execute(update(Campaign).values(state=CampaignState.PAUSED))
        assert standing.of_account(session, account).kinds[Kind.GREET].purse.run_id == ""


def test_what_was_used_is_told_beyond_a_limit_too(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session, limits=Limits(2, 2, 9, timedelta(0), timedelta(0)))
        for slug in ("ann", "bob", "cy"):
            planned(session, account, a_contact(session, account, slug))
        session.execute(update(Action).values(acting_since=Action.created_at, acting_attempt=1))
        one = standing.of_kind(session, account.id, Kind.GREET, "")
    assert (one.used.day, one.used.week, one.used.all_day) == (3, 3, 3)
    assert one.told.reason is Reason.DAY_LIMIT
    assert one.told.remaining is not None
    assert (one.told.remaining.day, one.told.remaining.week) == (0, 6)


def test_a_kind_s_gap_in_the_ledger_is_its_own_whichever_kind_asks(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        for kind, longest in ((Kind.GREET, 3 * HOUR), (Kind.VISIT, HOUR)):
            own = Limits(9, 9, 9, timedelta(0), longest)
            limits.set_limits(session, account.id, kind, own, by="tests")
        planned(session, account, a_contact(session, account, "ann"))
        session.execute(update(Action).values(acting_since=Action.created_at, acting_attempt=1))
        charge = session.scalars(select(Action.created_at)).one()
        for kind in (Kind.GREET, Kind.VISIT):
            books = quota.ledger(session, limits.purse(session, account.id, kind, "").purse)
            assert books.gaps == {Kind.GREET: charge + 3 * HOUR}
