"""The quota's status by the ledger: the current run, the newest denial, and each kind's own gap."""

from datetime import timedelta

from sqlalchemy import select, update

from db.engine import Database
from db.store.quota import ledger, limits, status
from db.tables import Action, Campaign
from tests.builders import a_campaign, a_contact, action, add_planned, an_account, database_now
from tests.db.helpers import run_without_triggers
from worker.errors import Reason
from worker.rules.model import CampaignState, Kind
from worker.rules.quota.limits import Limits

HOUR = timedelta(hours=1)


def test_the_newest_action_that_the_quota_denied_is_told_and_no_other_wait(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        campaign_id = a_campaign(session, account)
        for slug, reason in (("ann", Reason.GAP), ("bob", Reason.SITE_UNREACHABLE)):
            contact = a_contact(session, account, slug)
            row = action(session, add_planned(session, account, contact, campaign_id=campaign_id))
            row.reason, row.not_before = reason, row.not_before + HOUR
        until = row.not_before
    with database.transaction() as session:
        denial = status.find_last_denial(session, account.id, Kind.GREET)
        assert denial is not None
        assert (denial.contact, denial.reason, denial.until) == ("Ann", Reason.GAP, until)
        assert status.find_last_denial(session, account.id, Kind.VISIT) is None
        session.execute(update(Action).values(not_before=Action.created_at))
        assert status.find_last_denial(session, account.id, Kind.GREET) is None


def test_of_several_denials_the_newest_of_the_account_that_still_waits_is_told(database: Database) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        campaign_id = a_campaign(session, account)
        now = database_now(session)
        rows = {}
        for age, slug in enumerate(("a fault of the site", "newest", "older", "oldest")):
            contact = a_contact(session, account, slug)
            row = action(session, add_planned(session, account, contact, campaign_id=campaign_id))
            row.reason, row.not_before, row.updated_at = Reason.GAP, now + HOUR, now - age * HOUR
            rows[slug] = row
        rows["a fault of the site"].reason = Reason.SITE_UNREACHABLE
        session.flush()
        assert status.find_last_denial(session, other.id, Kind.GREET) is None
        for slug, state in (("newest", "queued"), ("older", "planned")):
            denial = status.find_last_denial(session, account.id, Kind.GREET)
            assert denial is not None
            assert denial.contact == slug.title()
            run_without_triggers(
                session, "update actions set state = :state, not_before = now(), lease_until = now() "
                "where id = :id", state=state, id=rows[slug].id,
            )  # fmt: skip
        denial = status.find_last_denial(session, account.id, Kind.GREET)
        assert denial is not None
        assert denial.contact == "Oldest"


def test_an_action_that_is_under_way_is_no_denial(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        row = action(session, add_planned(session, account, a_contact(session, account, "ann")))
        row.reason, row.not_before = Reason.GAP, row.not_before + HOUR
        session.flush()
        run_without_triggers(session, "update actions set state = 'queued', lease_until = now()")
        assert status.find_last_denial(session, account.id, Kind.GREET) is None


def test_the_run_at_hand_is_what_is_under_way_or_due_first_of_the_account_and_kind(
    database: Database,
) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        ids = {}
        for number, name in enumerate(("over", "later", "first", "under way", "theirs")):
            owner = other if name == "theirs" else account
            campaign_id = a_campaign(session, owner)
            row = action(
                session,
                add_planned(session, owner, a_contact(session, owner, f"p{number}"), campaign_id=campaign_id),
            )
            row.not_before = row.created_at - (HOUR if name in {"first", "over"} else HOUR / 2)
            row.not_before -= 2 * HOUR if name in {"over", "theirs"} else 0 * HOUR
            ids[name] = (campaign_id, row.id)
        session.execute(update(Campaign).values(state=CampaignState.PLANNED))
        session.flush()
        moved = (
            "update actions set state = :state, lease_until = :until, reason = 'cannot_tell' where id = :id"
        )
        run_without_triggers(session, moved, state="skipped", until=None, id=ids["over"][1])

        def run_id(kind: Kind = Kind.GREET) -> str:
            return status.get_account_status(session, account).kinds[kind].context.run_id

        assert run_id() == str(ids["first"][0])
        assert run_id(Kind.VISIT) == ""
        until = database_now(session)
        run_without_triggers(session, moved, state="queued", until=until, id=ids["under way"][1])
        assert run_id() == str(ids["under way"][0])


def test_the_run_at_hand_is_the_next_action_s_campaign_and_none_where_it_waits(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        assert status.get_account_status(session, account).kinds[Kind.GREET].context.run_id == ""
        campaign_id = a_campaign(session, account)
        add_planned(session, account, a_contact(session, account, "ann"), campaign_id=campaign_id)
        session.execute(update(Campaign).values(state=CampaignState.PLANNED))
        of = status.get_account_status(session, account).kinds
        assert of[Kind.GREET].context.run_id == str(campaign_id)
        assert of[Kind.VISIT].context.run_id == ""
        session.execute(update(Campaign).values(state=CampaignState.PAUSED))
        assert status.get_account_status(session, account).kinds[Kind.GREET].context.run_id == ""


def test_what_was_used_is_told_beyond_a_limit_too(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session, limits=Limits(2, 2, 9, timedelta(0), timedelta(0)))
        for slug in ("ann", "bob", "cy"):
            add_planned(session, account, a_contact(session, account, slug))
        session.execute(update(Action).values(acting_since=Action.created_at, acting_attempt=1))
        one = status.get_kind_status(session, account.id, Kind.GREET, "")
    assert (one.used.day, one.used.week, one.used.all_day) == (3, 3, 3)
    assert one.by_ledger.reason is Reason.DAY_LIMIT
    assert one.by_ledger.remaining is not None
    assert (one.by_ledger.remaining.day, one.by_ledger.remaining.week) == (0, 6)


def test_a_kind_s_gap_in_the_ledger_is_its_own_whichever_kind_asks(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        for kind, longest in ((Kind.GREET, 3 * HOUR), (Kind.VISIT, HOUR)):
            own = Limits(9, 9, 9, timedelta(0), longest)
            limits.set_limits(session, account.id, kind, own, by="tests")
        add_planned(session, account, a_contact(session, account, "ann"))
        session.execute(update(Action).values(acting_since=Action.created_at, acting_attempt=1))
        charge = session.scalars(select(Action.created_at)).one()
        for kind in (Kind.GREET, Kind.VISIT):
            state = ledger.read_ledger(session, limits.load_context(session, account.id, kind, "").context)
            assert state.gaps == {Kind.GREET: charge + 3 * HOUR}
            gap_until = status.get_kind_status(session, account.id, kind, "").gap_until
            assert gap_until == (charge + 3 * HOUR if kind is Kind.GREET else None)
