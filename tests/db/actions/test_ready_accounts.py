"""The dispatcher's two statements: which accounts are ready, and what each of them starts."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from psycopg.errors import LockNotAvailable
from sqlalchemy import Row, func, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bench.actions.crowd_plan import plan_crowd
from db.engine import Database
from db.queries import load_query
from db.store.actions import control, dispatch, lifecycle
from db.store.kill_switch import pull_kill_switch, release_kill_switch
from db.store.people.accounts import AccountRecord
from db.tables import Account, Action, Campaign, StoredDecision
from tests.builders import a_campaign, a_contact, action, add_planned, an_account, database_now
from tests.db.helpers import (
    LEASE,
    claim_action,
    open_database,
    queue_due_actions,
    run_without_triggers,
)
from worker.errors import Reason
from worker.rules.messages.approval import UNDO_FIRST, Choice
from worker.rules.model import ActionState, CampaignState, Kind

S = ActionState
LONG_WAIT = timedelta(days=2)


def waits_long(session: Session, name: str, *, campaign_id: UUID | None = None) -> tuple[AccountRecord, UUID]:
    """Plan an action of an account that has waited longer than any other."""
    account = an_account(session, name)
    action_id = add_planned(session, account, a_contact(session, account, "ann"), campaign_id=campaign_id)
    action(session, action_id).not_before -= LONG_WAIT
    session.flush()
    return account, action_id


def in_flight(session: Session, account: AccountRecord, action_id: UUID, state: S) -> None:
    run_without_triggers(
        session,
        "update actions set state = :state, reason = 'cannot_tell', lease_until = now() where id = :id",
        state=state,
        id=action_id,
    )
    other = add_planned(session, account, a_contact(session, account, "bob"))
    session.execute(update(Action).where(Action.id == other).values(not_before=Action.not_before - LONG_WAIT))


NOT_READY: dict[str, Callable[[Session, AccountRecord, UUID], object]] = {
    **{
        f"{state} already": partial(in_flight, state=state)
        for state in (S.QUEUED, S.CLAIMED, S.ACTING, S.UNCERTAIN)
    },
    "campaign paused": lambda s, _a, i: s.execute(
        update(Campaign)
        .where(Campaign.id == action(s, i).campaign_id)
        .values(state=CampaignState.PAUSED)
    ),
    "paused": lambda s, a, _i: control.pause_account(s, a.id),
    "stopped": lambda s, a, _i: s.execute(
        update(Account).where(Account.id == a.id).values(status="stopped", stop_reason="challenge")
    ),
    "inbox being read": lambda s, a, _i: s.execute(
        update(Account).where(Account.id == a.id).values(inbox_lease_until=func.now() + timedelta(seconds=1))
    ),
    "not due yet": lambda s, _a, i: s.execute(
        update(Action)
        .where(Action.id == i)
        .values(not_before=text("now() + interval '1 second'"), reason=Reason.GAP)
    ),
    "approved just now": lambda s, _a, i: s.add(
        StoredDecision(id=uuid4(), action_id=i, choice=Choice.APPROVED, decided_by="olga", before={})
    ),
    "proposed": lambda s, _a, i: run_without_triggers(
        s, "update actions set state = 'proposed', reason = 'awaiting_approval' where id = :id", id=i
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", NOT_READY)
def test_an_account_that_can_start_nothing_takes_no_place_in_the_batch(session: Session, why: str) -> None:
    account, action_id = waits_long(session, "not ready")
    NOT_READY[why](session, account, action_id)
    free = an_account(session, "free")
    starts = add_planned(session, free, a_contact(session, free, "eve"))
    session.expire_all()
    given = {"batch": 9, "undo_first": UNDO_FIRST}
    assert session.scalars(load_query("lock_ready_accounts"), given).all() == [free.id]
    (due,) = dispatch.queue_due_actions(session, batch=1, lease=LEASE)
    assert due.action_id == starts
    assert dispatch.queue_due_actions(session, batch=1, lease=LEASE) == []


@pytest.mark.parametrize("why", NOT_READY)
def test_an_account_that_can_start_nothing_has_no_next_action(session: Session, why: str) -> None:
    account, action_id = waits_long(session, "not ready")
    NOT_READY[why](session, account, action_id)
    assert dispatch.queue_next_action(session, account.id, lease=LEASE) == []


def test_under_the_kill_switch_no_account_has_a_next_action(session: Session) -> None:
    account, _ = waits_long(session, "demo")
    pull_kill_switch(session, "tests")
    assert dispatch.queue_next_action(session, account.id, lease=LEASE) == []


def test_the_next_action_of_an_account_is_the_one_that_waited_longest_and_nobody_elses(
    session: Session,
) -> None:
    account, action_id = waits_long(session, "demo")
    add_planned(session, account, a_contact(session, account, "bob"))
    _, of_another = waits_long(session, "other")
    (due,) = dispatch.queue_next_action(session, account.id, lease=LEASE)
    session.expire_all()
    assert (due.action_id, due.kind) == (action_id, Kind.GREET)
    queued = action(session, action_id)
    assert (queued.state, queued.lease_owner) == (S.QUEUED, None)
    assert queued.lease_until == database_now(session) + LEASE
    assert action(session, of_another).state == S.PLANNED
    assert dispatch.queue_next_action(session, account.id, lease=LEASE) == []


def test_whoever_dispatches_the_next_action_leaves_the_account_to_a_dispatcher_that_serves_it(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        account, _ = waits_long(session, "demo")
        add_planned(session, account, a_contact(session, account, "bob"))

    def take_next() -> int:
        with open_database(database_url) as other, other.transaction() as session:
            return len(dispatch.queue_next_action(session, account.id, lease=LEASE))

    with database.transaction() as session:
        assert len(queue_due_actions(session)) == 1
        with pytest.raises(OperationalError) as refused:
            take_next()
        assert isinstance(refused.value.orig, LockNotAvailable)
    assert take_next() == 0


def test_an_account_whose_inbox_was_read_goes_on(session: Session) -> None:
    _, action_id = waits_long(session, "demo")
    session.execute(update(Account).values(inbox_lease_until=text("now()")))
    assert queue_due_actions(session) == [action_id]


def test_the_account_that_waited_longest_goes_first(session: Session) -> None:
    late, first = an_account(session, "late"), an_account(session, "first")
    ids = [add_planned(session, account, a_contact(session, account, "ann")) for account in (late, first)]
    for hours, each in zip((1, 2), ids, strict=True):
        action(session, each).not_before -= timedelta(hours=hours)
    newer = add_planned(session, first, a_contact(session, first, "bob"))
    session.flush()
    assert queue_due_actions(session, batch=1) == [ids[1]]
    assert queue_due_actions(session, batch=1) == [ids[0]]
    assert action(session, newer).state == S.PLANNED


def test_the_choice_stays_quick_when_more_is_in_flight_than_when_the_tables_were_analyzed(
    session: Session,
) -> None:
    plan_crowd(session, accounts=300, each=1)  # as at night: nothing is in flight, nothing is looked at
    for table in ("accounts", "campaigns", "actions"):
        session.execute(text(f"analyze {table}"))
    explained = text(f"explain {load_query('lock_ready_accounts')}")
    plan = "\n".join(session.scalars(explained, {"batch": 50, "undo_first": UNDO_FIRST}))
    assert "hashed SubPlan" in plan
    assert "uq_actions_one_in_flight" in plan
    assert "(f.account_id = a.id)" not in plan  # what a join compares; an index says account_id = a.id
    assert "(l.account_id = a.id)" not in plan


def test_under_the_kill_switch_no_account_is_ready(session: Session) -> None:
    _, action_id = waits_long(session, "demo")
    pull_kill_switch(session, "tests")
    assert queue_due_actions(session) == []
    assert release_kill_switch(session)
    assert queue_due_actions(session) == [action_id]


def picked(session: Session, *accounts: AccountRecord) -> Sequence[Row[tuple[UUID, str, str]]]:
    """Send only the second statement, as if something had changed since the account was found ready."""
    ids = [account.id for account in accounts]
    rows = session.execute(
        load_query("queue_due_actions"), {"accounts": ids, "lease": LEASE, "undo_first": UNDO_FIRST}
    ).all()
    session.expire_all()
    return rows


@pytest.mark.parametrize("why", ["queued already", "uncertain already", "campaign paused", "not due yet"])
def test_what_changed_after_the_accounts_were_found_is_seen(session: Session, why: str) -> None:
    account, action_id = waits_long(session, "demo")
    NOT_READY[why](session, account, action_id)
    session.expire_all()
    assert picked(session, account) == []


def test_a_paused_campaign_lets_another_of_its_account_go_first(session: Session) -> None:
    account, paused = waits_long(session, "demo")
    NOT_READY["campaign paused"](session, account, paused)
    goes_on = add_planned(session, account, a_contact(session, account, "bob"))
    assert queue_due_actions(session) == [goes_on]


def test_a_proposal_waits_beside_what_is_planned(session: Session) -> None:
    account, action_id = waits_long(session, "demo")
    NOT_READY["proposed"](session, account, action_id)
    goes_on = add_planned(session, account, a_contact(session, account, "bob"))
    assert queue_due_actions(session) == [goes_on]


def test_what_may_have_happened_is_looked_at_though_its_campaign_is_paused(session: Session) -> None:
    account = an_account(session)
    action_id = add_planned(session, account, a_contact(session, account, "ann"))
    queue_due_actions(session)
    claim = claim_action(session, action_id)
    assert lifecycle.write_intent(session, claim)
    assert lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="", wait=timedelta(0))
    NOT_READY["campaign paused"](session, account, action_id)
    assert queue_due_actions(session) == [action_id]
    row = action(session, action_id)
    assert (row.state, row.reason) == (S.UNCERTAIN, Reason.PROOF_MISSING)
    assert (row.lease_owner, row.lease_until) == (None, database_now(session) + LEASE)


def test_what_is_queued_waits_for_nothing_any_more(session: Session) -> None:
    _, action_id = waits_long(session, "demo")
    action(session, action_id).reason = Reason.GAP
    session.flush()
    assert queue_due_actions(session) == [action_id]
    row = action(session, action_id)
    assert (row.state, row.reason, row.lease_until) == (S.QUEUED, None, database_now(session) + LEASE)


def test_of_those_that_waited_alike_todays_birthday_goes_before_a_late_one_and_other_kinds_by_age(
    session: Session,
) -> None:
    account = an_account(session)
    campaign_id = a_campaign(session, account)
    ids = [
        add_planned(session, account, a_contact(session, account, f"p{n}"), campaign_id=campaign_id)
        for n in range(3)
    ]
    for days_ago, each in zip((2, 0, 1), ids, strict=True):
        action(session, each).occasion_on -= timedelta(days=days_ago)
    session.flush()

    def order() -> list[UUID]:
        started = []
        for _ in ids:
            (each,) = queue_due_actions(session)
            started.append(each)
            run_without_triggers(
                session,
                "update actions set state = 'skipped', reason = 'expired' where id = :id",
                id=each,
            )
        run_without_triggers(session, "update actions set state = 'planned', lease_until = null")
        session.expire_all()
        return started

    assert order() == [ids[1], ids[2], ids[0]]
    session.execute(update(Action).values(kind=Kind.VISIT))
    assert order() == [ids[0], ids[2], ids[1]]
    session.execute(update(Action).values(occasion_on=database_now(session).date()))
    for minutes, each in zip((1, 3, 2), ids, strict=True):
        action(session, each).created_at -= timedelta(minutes=minutes)
    session.flush()
    assert order() == [ids[1], ids[2], ids[0]]


def test_a_row_that_somebody_is_changing_is_passed_over_not_waited_for(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        account, _ = waits_long(session, "demo")
    with open_database(database_url) as other, other.transaction() as theirs:
        theirs.execute(text("select from actions for update"))
        with database.transaction() as session:
            session.execute(text("set local lock_timeout = '2s'"))
            assert queue_due_actions(session) == []
        theirs.execute(text("select from accounts for no key update"))
        with database.transaction() as session:
            session.execute(text("set local lock_timeout = '2s'"))
            assert (
                session.scalars(
                    load_query("lock_ready_accounts"), {"batch": 9, "undo_first": UNDO_FIRST}
                ).all()
                == []
            )
    with database.transaction() as session:
        assert session.scalars(
            load_query("lock_ready_accounts"), {"batch": 9, "undo_first": UNDO_FIRST}
        ).all() == [account.id]


def test_an_account_that_is_being_served_is_held_until_the_commit(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        account, _ = waits_long(session, "demo")
    with database.transaction() as first:
        assert first.scalars(
            load_query("lock_ready_accounts"), {"batch": 9, "undo_first": UNDO_FIRST}
        ).all() == [account.id]
        with open_database(database_url) as other, other.transaction() as second:
            assert (
                second.scalars(
                    load_query("lock_ready_accounts"), {"batch": 9, "undo_first": UNDO_FIRST}
                ).all()
                == []
            )
