"""Planning, dispatch and the claim happen once, however many processes try at the same time."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from db.engine import Database, RowRefusedError
from db.store.actions import claims, dispatch, events, leases, lifecycle, plans
from db.store.actions.plans import PlannedAction
from db.store.actions.review import proposals, undo
from db.store.campaigns import campaigns
from db.store.people import accounts
from db.tables import Action, StoredDecision
from tests.builders import a_campaign, a_contact, action, add_planned, add_proposed, an_account
from tests.db.helpers import (
    LEASE,
    claim_action,
    expire_leases,
    make_due,
    open_database,
    queue_due_actions,
    run_concurrently,
    wait_for_lock_wait,
)
from worker.errors import Reason
from worker.rules.messages.approval import UNDO_FIRST
from worker.rules.model import ActionState, Kind


def test_planning_twice_inserts_once(session: Session) -> None:
    account = an_account(session)
    people = [a_contact(session, account, f"p{n}") for n in range(3)]
    first, second = (campaigns.find_campaign(session, a_campaign(session, account)) for _ in range(2))
    assert first is not None
    assert second is not None

    def plan() -> list[PlannedAction]:
        return [PlannedAction(p.id, "birthday:2027", date(2027, 1, 3), "Hi") for p in people]

    assert plans.insert_plan(session, first, Kind.GREET, plan()) == 3
    assert plans.insert_plan(session, first, Kind.GREET, plan()) == 0
    assert plans.insert_plan(session, second, Kind.GREET, plan()) == 0
    next_year = [PlannedAction(people[0].id, "birthday:2028", date(2028, 1, 3), "Hi")]
    assert plans.insert_plan(session, second, Kind.GREET, next_year) == 1
    assert campaigns.count_actions(session, first.id) == {ActionState.PLANNED: 3}


def test_planning_at_once_in_several_campaigns_inserts_once(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        account = an_account(session)
        people = [a_contact(session, account, f"p{n}").id for n in range(40)]
        ids = [a_campaign(session, account) for _ in range(4)]

    def plan(own: Database, number: int) -> int:
        with own.transaction() as session:
            campaign = campaigns.find_campaign(session, ids[number])
            assert campaign is not None
            drafts = [PlannedAction(p, "birthday:2027", date(2027, 1, 3), f"by {number}") for p in people]
            return plans.insert_plan(session, campaign, Kind.GREET, drafts)

    assert sum(run_concurrently(database_url, 4, plan)) == 40
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Action)) == 40


def test_a_dispatcher_and_somebody_who_moves_actions_of_several_accounts_do_not_wait_for_each_other(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        one, two = an_account(session, "one"), an_account(session, "two")
        add_planned(session, one, a_contact(session, one, "ann"))
        sooner = add_planned(session, two, a_contact(session, two, "bob"))
        action(session, sooner).not_before -= timedelta(hours=1)

    def dispatch_all() -> int:
        with open_database(database_url) as other, other.transaction() as session:
            session.execute(text("set local enable_hashjoin = off"))  # as with more actions
            session.execute(text("set local enable_seqscan = off"))
            return len(queue_due_actions(session))

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            events.lock_audit_head(session, one.id)
            dispatching = pool.submit(dispatch_all)
            wait_for_lock_wait(database, dispatching)
            events.lock_audit_head(session, two.id)
        assert dispatching.result(60) == 2


def test_what_was_just_approved_waits_until_it_can_hardly_be_a_wrong_press(session: Session) -> None:
    account = an_account(session)
    ann = add_proposed(session, account, a_contact(session, account, "ann"))
    (waiting,) = proposals.list_proposals(session, limit=1)
    assert undo.approve(session, {ann: waiting.seen}, by="olga").done == {ann}
    session.flush()
    assert dispatch.queue_due_actions(session, batch=9, lease=LEASE) == []
    session.execute(update(StoredDecision).values(decided_at=func.now() - UNDO_FIRST))
    assert [each.action_id for each in dispatch.queue_due_actions(session, batch=9, lease=LEASE)] == [ann]


def test_nothing_else_waits_with_it(session: Session) -> None:
    account = an_account(session)
    ann = add_proposed(session, account, a_contact(session, account, "ann"))
    bob = add_planned(session, account, a_contact(session, account, "bob"))
    action(session, ann).not_before -= timedelta(hours=1)  # it would go first
    session.flush()
    (waiting,) = proposals.list_proposals(session, limit=1)
    undo.approve(session, {ann: waiting.seen}, by="olga")
    assert [each.action_id for each in dispatch.queue_due_actions(session, batch=9, lease=LEASE)] == [bob]


def test_what_is_left_out_of_a_plan_is_there_with_its_reason(session: Session) -> None:
    account = an_account(session)
    contact = a_contact(session, account, "ann")
    campaign = campaigns.find_campaign(session, a_campaign(session, account))
    assert campaign is not None
    left_out = PlannedAction(contact.id, "birthday:2027", date(2027, 1, 3), "", reason=Reason.DO_NOT_CONTACT)
    assert plans.insert_plan(session, campaign, Kind.GREET, [left_out]) == 0
    row = action(session, left_out.id)
    assert (row.state, row.reason) == (ActionState.SKIPPED, Reason.DO_NOT_CONTACT)
    assert queue_due_actions(session) == []


def test_a_plan_keeps_the_days_of_each_action(session: Session) -> None:
    on, worded_for, expires_on = date(2027, 1, 3), date(2027, 1, 4), date(2027, 1, 6)
    account = an_account(session)
    contact = a_contact(session, account, "ann")
    campaign = campaigns.find_campaign(session, a_campaign(session, account))
    assert campaign is not None
    draft = PlannedAction(contact.id, "birthday:2027", on, "Hi", worded_for=worded_for, expires_on=expires_on)
    assert plans.insert_plan(session, campaign, Kind.GREET, [draft]) == 1
    row = action(session, draft.id)
    assert (row.occasion_on, row.worded_for, row.expires_on) == (on, worded_for, expires_on)


def test_one_action_of_an_account_is_in_flight_and_the_longest_waiting_goes_first(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ids = [add_planned(session, account, a_contact(session, account, f"p{n}")) for n in range(3)]
        for minutes, action_id in zip((5, 9, 7), ids, strict=True):
            action(session, action_id).not_before -= timedelta(minutes=minutes)
            action(session, action_id).created_at += timedelta(minutes=minutes)  # the newest waited longest
        session.flush()
        assert queue_due_actions(session) == [ids[1]]
        assert queue_due_actions(session) == []
    with database.transaction() as session:
        claim = claim_action(session, ids[1])
        assert queue_due_actions(session) == []
        assert lifecycle.write_intent(session, claim)
        assert queue_due_actions(session) == []
        assert lifecycle.record_effect(session, claim, status="sent", text="Hi!", screenshot=None)
        assert queue_due_actions(session) == [ids[2]]


def test_one_action_of_each_account_is_queued_whatever_plan_postgres_chooses(session: Session) -> None:
    for name in ("one", "two", "three"):
        account = an_account(session, name)
        for number in range(3):
            add_planned(session, account, a_contact(session, account, f"p{number}"))
    for method in ("hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize"):
        session.execute(text(f"set local enable_{method} = off"))
    assert len(queue_due_actions(session, batch=2)) == 2
    assert len(queue_due_actions(session, batch=2)) == 1
    assert queue_due_actions(session, batch=2) == []


def test_an_uncertain_action_is_looked_at_before_anything_new_and_holds_the_account(
    database: Database,
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ids = [add_planned(session, account, a_contact(session, account, f"p{n}")) for n in range(2)]
        (first,) = queue_due_actions(session)
        claim = claim_action(session, first)
        lifecycle.write_intent(session, claim)
        lifecycle.mark_uncertain(
            session, claim, reason=Reason.PROOF_MISSING, detail="no bubble", wait=timedelta(seconds=-1)
        )
    with database.transaction() as session:
        other = action(session, next(i for i in ids if i != first))
        other.not_before -= timedelta(days=1)
        session.flush()
        assert queue_due_actions(session) == [first]
        assert action(session, first).state == ActionState.UNCERTAIN
        assert queue_due_actions(session) == []
        looking = claim_action(session, first)
        assert looking.looking
        assert queue_due_actions(session) == []
        lifecycle.mark_needs_review(session, looking, reason=Reason.CANNOT_TELL, detail="two bubbles")
        assert queue_due_actions(session) == [next(i for i in ids if i != first)]


def test_while_a_look_must_wait_the_account_goes_on_with_what_is_due(session: Session) -> None:
    account = an_account(session)
    ids = [add_planned(session, account, a_contact(session, account, f"p{n}")) for n in range(2)]
    (first,) = queue_due_actions(session)
    claim = claim_action(session, first)
    lifecycle.write_intent(session, claim)
    lifecycle.mark_uncertain(
        session, claim, reason=Reason.PROOF_MISSING, detail="", wait=timedelta(minutes=1)
    )
    assert queue_due_actions(session) == [i for i in ids if i != first]


def test_a_stopped_account_and_an_action_that_waits_are_left_alone(session: Session) -> None:
    stopped, waiting = an_account(session, "stopped"), an_account(session, "waiting")
    add_planned(session, stopped, a_contact(session, stopped, "ann"))
    waits = add_planned(session, waiting, a_contact(session, waiting, "bob"))
    accounts.stop_account(session, stopped.id, Reason.CHALLENGE)
    row = action(session, waits)
    row.reason, row.not_before = Reason.GAP, row.not_before + timedelta(hours=1)
    session.flush()
    assert queue_due_actions(session) == []
    accounts.save_session(session, stopped.id, b"sealed")
    make_due(session)
    assert len(queue_due_actions(session)) == 2


def test_busy_accounts_do_not_use_up_the_batch(session: Session) -> None:
    busy, idle = an_account(session, "busy"), an_account(session, "idle")
    for n in range(3):
        add_planned(session, busy, a_contact(session, busy, f"p{n}"))
    make_due(session)
    assert len(queue_due_actions(session, batch=1)) == 1
    other = add_planned(session, idle, a_contact(session, idle, "ann"))
    assert queue_due_actions(session, batch=1) == [other]


def test_dispatchers_at_once_serve_every_account_once(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        for number in range(12):
            account = an_account(session, f"account {number}")
            for person in range(4):
                add_planned(session, account, a_contact(session, account, f"p{person}"))

    def dispatch(own: Database, _: int) -> list[UUID]:
        taken = []
        for _ in range(10):
            with own.transaction() as session:
                taken += queue_due_actions(session, batch=5)
        return taken

    taken_ids = [action_id for taken in run_concurrently(database_url, 4, dispatch) for action_id in taken]
    assert len(taken_ids) == len(set(taken_ids)) == 12
    with database.transaction() as session:
        queued = session.scalars(select(Action.account_id).where(Action.state == ActionState.QUEUED)).all()
        assert Counter(queued) == dict.fromkeys(range(min(queued), min(queued) + 12), 1)


def test_a_second_dispatcher_passes_over_an_account_that_is_being_served(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        for n in range(2):
            add_planned(session, account, a_contact(session, account, f"p{n}"))
    with database.transaction() as first:
        assert len(queue_due_actions(first)) == 1

        def dispatch(own: Database, _: int) -> list[UUID]:
            with own.transaction() as session:
                return queue_due_actions(session)

        assert run_concurrently(database_url, 1, dispatch) == [[]]


def test_even_two_moves_by_hand_cannot_bring_two_actions_of_an_account_in_flight(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        for n in range(2):
            add_planned(session, account, a_contact(session, account, f"p{n}"))
    with pytest.raises(RowRefusedError, match="one_in_flight"), database.transaction() as session:
        session.execute(text("update actions set state = 'queued', lease_until = now()"))


def test_a_lost_publish_comes_back_through_its_lease(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        action_id = add_planned(session, account, a_contact(session, account, "ann"))
        queue_due_actions(session)
    with database.transaction() as session:
        assert leases.take_lapsed(session, batch=10) == []
        expire_leases(session)
        (lapsed,) = leases.take_lapsed(session, batch=10)
        assert (lapsed.action_id, lapsed.was) == (action_id, ActionState.QUEUED)
    with database.transaction() as session:
        row = action(session, action_id)
        assert (row.state, row.reason) == (ActionState.PLANNED, Reason.LEASE_LAPSED)
        assert queue_due_actions(session) == [action_id]


def test_of_two_who_claim_at_once_one_gets_it(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        account = an_account(session)
        action_id = add_planned(session, account, a_contact(session, account, "ann"))
        queue_due_actions(session)

    def claim(own: Database, number: int) -> bool:
        with own.transaction() as session:
            return claims.claim_action(session, action_id, owner=f"w{number}", lease=LEASE) is not None

    assert sorted(run_concurrently(database_url, 4, claim)) == [False, False, False, True]
    with database.transaction() as session:
        assert action(session, action_id).attempt == 1


def test_a_message_delivered_twice_finds_nothing_to_claim_whatever_became_of_the_action(
    session: Session,
) -> None:
    account = an_account(session)
    action_id = add_planned(session, account, a_contact(session, account, "ann"))

    def again() -> claims.Claim | None:
        return claims.claim_action(session, action_id, owner="late", lease=LEASE)

    assert again() is None  # planned: its message is older than a recovery
    queue_due_actions(session)
    claim = claim_action(session, action_id)
    assert again() is None
    lifecycle.write_intent(session, claim)
    assert again() is None
    lifecycle.mark_uncertain(
        session, claim, reason=Reason.PROOF_MISSING, detail="", wait=timedelta(seconds=-1)
    )
    assert again() is None  # uncertain, but not queued for a check
    queue_due_actions(session)
    looking = claim_action(session, action_id)
    assert again() is None
    lifecycle.record_effect(session, looking, status="found", text="Hi!", screenshot=None)
    assert again() is None
    assert claims.claim_action(session, uuid4(), owner="w", lease=LEASE) is None
