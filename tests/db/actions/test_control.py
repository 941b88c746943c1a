"""Pause, resume, cancel, the last day: which actions they affect, and which they don't."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import control, endings
from db.store.people import accounts
from db.tables import Account, Action
from tests.builders import a_campaign, a_contact, action, add_planned, add_proposed, an_account, database_now
from tests.db.helpers import open_database, run_without_triggers, wait_for_lock_wait
from worker.errors import Reason
from worker.rules.model import AccountStatus, ActionState, Kind

S = ActionState


def test_what_is_said_of_one_campaign_or_account_leaves_the_others(session: Session) -> None:
    one, two = an_account(session, "one"), an_account(session, "two")
    campaigns = [a_campaign(session, account) for account in (one, one, two)]
    ids = [
        add_planned(session, account, a_contact(session, account, f"p{n}"), campaign_id=campaign_id)
        for n, (account, campaign_id) in enumerate(zip((one, one, two), campaigns, strict=True))
    ]
    assert control.cancel_campaign(session, campaigns[0]) == 1
    assert [action(session, each).state for each in ids] == [S.SKIPPED, S.PLANNED, S.PLANNED]
    assert control.pause_account(session, one.id)
    assert control.pause_account(session, two.id)
    assert control.resume_account(session, one.id)
    session.expire_all()
    statuses = [accounts.get_account(session, each.id).status for each in (one, two)]
    assert statuses == [AccountStatus.ACTIVE, AccountStatus.PAUSED]


def test_on_its_last_day_nothing_is_too_late(session: Session) -> None:
    account = an_account(session)
    # A zone whose date is that of UTC or the day before, so that the last day ends late there.
    session.execute(update(Account).values(time_zone="Pacific/Niue"))
    account = accounts.get_account(session, account.id)
    today = database_now(session).astimezone(account.zone).date()
    waits = add_planned(session, account, a_contact(session, account, "ann"))
    asks = add_proposed(session, account, a_contact(session, account, "bob"))

    def expire_on(day: date) -> int:
        session.execute(update(Action).values(expires_on=day))
        return endings.expire_actions(session)

    assert expire_on(today) == 0
    assert expire_on(today - timedelta(days=1)) == 2
    assert [action(session, each).reason for each in (waits, asks)] == [Reason.EXPIRED] * 2


def test_what_is_too_late_in_another_account_s_zone_only_is_not_too_late(session: Session) -> None:
    an_account(session, "ahead", zone="Pacific/Kiritimati")
    behind = an_account(session, "behind", zone="Pacific/Niue")
    today = database_now(session).astimezone(behind.zone).date()
    late, waits = (add_planned(session, behind, a_contact(session, behind, slug)) for slug in ("ann", "bob"))
    for action_id, day in ((late, today - timedelta(days=1)), (waits, today)):
        action(session, action_id).expires_on = day
    session.flush()
    assert endings.expire_actions(session) == 1
    assert [action(session, each).state for each in (late, waits)] == [S.SKIPPED, S.PLANNED]


def test_expiring_and_somebody_who_moves_the_same_action_do_not_wait_for_each_other(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ids = [add_planned(session, account, a_contact(session, account, slug)) for slug in ("ann", "bob")]
        late = update(Action).where(Action.id == ids[1])
        session.execute(late.values(expires_on=date(2000, 1, 1)))

    def expire() -> int:
        with open_database(database_url) as other, other.transaction() as session:
            return endings.expire_actions(session)

    skip = update(Action).values(state=S.SKIPPED, reason=Reason.DROPPED_BY_HAND)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            session.execute(skip.where(Action.id == ids[0]))  # its event locks the head of the audit chain
            expiring = pool.submit(expire)
            wait_for_lock_wait(database, expiring)
            session.execute(skip.where(Action.id == ids[1]))
        assert expiring.result(60) == 0


def test_what_somebody_else_has_locked_is_not_waited_for(database: Database, database_url: str) -> None:
    """Whoever decides on an action locks it first, and then the head that expiring holds."""
    with database.transaction() as session:
        account = an_account(session)
        for slug in ("ann", "bob"):
            add_planned(session, account, a_contact(session, account, slug))
        session.execute(update(Action).values(expires_on=date(2000, 1, 1)))
    with database.transaction() as decides, open_database(database_url) as other:
        decides.execute(select(Action.id).limit(1).with_for_update())
        with other.transaction() as session:
            session.execute(text("set local lock_timeout = '2s'"))
            assert endings.expire_actions(session) == 1


def test_what_is_under_way_is_not_too_late(session: Session) -> None:
    account = an_account(session)
    action_id = add_planned(session, account, a_contact(session, account, "ann"))
    for state in set(S) - {S.PLANNED, S.PROPOSED}:
        moved = "update actions set state = :state, reason = 'cannot_tell', lease_until = now()"
        run_without_triggers(session, moved, state=state)
        session.execute(update(Action).values(expires_on=date(2000, 1, 1)))
        assert endings.expire_actions(session) == 0
    assert action(session, action_id).reason == Reason.CANNOT_TELL


def test_only_what_the_quota_denied_asks_again(session: Session) -> None:
    account, other = an_account(session), an_account(session, "other")
    ids = {
        name: add_planned(session, owner, a_contact(session, owner, f"p{n}"))
        for n, (name, owner) in enumerate(
            {
                "denied": account, "other account": other, "other kind": account, "other reason": account,
                "uncertain": account,
            }.items()
        )
    }  # fmt: skip
    later = database_now(session) + timedelta(hours=1)
    session.execute(update(Action).values(not_before=later, reason=Reason.DAY_LIMIT))
    action(session, ids["other kind"]).kind = Kind.VISIT
    action(session, ids["other reason"]).reason = Reason.SITE_UNREACHABLE
    session.flush()
    uncertain = "update actions set state = 'uncertain' where id = :id"
    run_without_triggers(session, uncertain, id=ids["uncertain"])
    assert control.wake_denied_actions(session, account.id, {Kind.GREET}) == 1
    assert {name for name, each in ids.items() if action(session, each).not_before != later} == {"denied"}
