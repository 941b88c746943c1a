"""A worker that lost its lease changes nothing; its action is recovered according to its state."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import dispatch, gates, leases, lifecycle
from db.store.actions.claims import Claim
from db.store.actions.gates import ClosedGate
from db.store.people import accounts, contacts
from db.tables import Contact, Interaction
from tests.builders import SANDBOX, a_contact, action, add_planned, an_account, database_now
from tests.db.actions.move_helpers import S, a_claim, bring_to
from tests.db.helpers import (
    LEASE,
    claim_action,
    expire_leases,
    open_database,
    queue_due_actions,
)
from worker.errors import Reason
from worker.rules.model import ContactStatus, Kind

MOVES: dict[str, tuple[Callable[[Session, Claim], bool], S, S]] = {
    "intend": (lifecycle.write_intent, S.CLAIMED, S.ACTING),
    "give_back": (
        lambda s, c: lifecycle.replan_action(s, c, reason=Reason.GAP, detail="", wait=LEASE),
        S.CLAIMED,
        S.PLANNED,
    ),
    "end": (
        lambda s, c: lifecycle.end_action(s, c, S.SKIPPED, reason=Reason.PROFILE_GONE, detail=""),
        S.CLAIMED,
        S.SKIPPED,
    ),
    "doubt": (
        lambda s, c: lifecycle.mark_uncertain(s, c, reason=Reason.PROOF_MISSING, detail="", wait=LEASE),
        S.ACTING,
        S.UNCERTAIN,
    ),
    "record": (
        lambda s, c: lifecycle.record_effect(s, c, status="sent", text="Hi!", screenshot=None),
        S.ACTING,
        S.DONE,
    ),
    "look_again": (
        lambda s, c: lifecycle.schedule_next_look(
            s, c, reason=Reason.PROOF_MISSING, detail="", wait=LEASE, absent=True
        ),
        S.UNCERTAIN,
        S.UNCERTAIN,
    ),
    "settle_absent": (lambda s, c: lifecycle.replan_absent(s, c, detail=""), S.UNCERTAIN, S.PLANNED),
    "ask_person": (
        lambda s, c: lifecycle.mark_needs_review(s, c, reason=Reason.CANNOT_TELL, detail=""),
        S.UNCERTAIN,
        S.NEEDS_REVIEW,
    ),
}


def snapshot(session: Session) -> list[tuple[object, ...]]:
    return [tuple(row) for row in session.execute(text("select * from actions order by id"))]


@pytest.mark.parametrize("name", MOVES)
def test_a_move_is_made_from_its_own_state_by_the_holder(session: Session, name: str) -> None:
    move, from_state, to_state = MOVES[name]
    claim = a_claim(session)
    bring_to(session, claim, from_state)
    assert move(session, claim)
    assert action(session, claim.action_id).state == to_state


@pytest.mark.parametrize("name", MOVES)
def test_a_stale_attempt_moves_nothing(session: Session, name: str) -> None:
    move, from_state, _ = MOVES[name]
    claim = a_claim(session)
    expire_leases(session)
    leases.take_lapsed(session, batch=10)
    queue_due_actions(session)
    claim_action(session, claim.action_id, "second")
    bring_to(session, claim, from_state)
    before = snapshot(session)
    assert not move(session, claim)
    assert snapshot(session) == before
    assert session.scalar(select(func.count()).select_from(Interaction)) == 0


@pytest.mark.parametrize("name", MOVES)
def test_a_move_from_another_state_moves_nothing(session: Session, name: str) -> None:
    move, from_state, _ = MOVES[name]
    claim = a_claim(session)
    for state in set(S) - {from_state}:
        bring_to(session, claim, state)
        before = snapshot(session)
        assert not move(session, claim)
        assert snapshot(session) == before


def test_a_move_that_is_no_end_keeps_the_lease_and_every_other_frees_it(database: Database) -> None:
    for name, (move, from_state, _) in MOVES.items():
        with database.transaction() as session:
            claim = a_claim(session, name)
            bring_to(session, claim, from_state)
            move(session, claim)
            row = action(session, claim.action_id)
            assert (row.lease_until is None, row.lease_owner is None) == (name != "intend",) * 2
            session.execute(text("delete from actions"))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (S.QUEUED, S.PLANNED),
        (S.CLAIMED, S.PLANNED),
        (S.ACTING, S.UNCERTAIN),
        (S.UNCERTAIN, S.UNCERTAIN),
    ],
)
def test_what_a_dead_worker_leaves_is_settled_by_its_state(database: Database, was: S, becomes: S) -> None:
    with database.transaction() as session:
        claim = a_claim(session)
        bring_to(session, claim, was)
        expire_leases(session)
    with database.transaction() as session:
        (lapsed,) = leases.take_lapsed(session, batch=10)
        assert (lapsed.action_id, lapsed.attempt, lapsed.was) == (claim.action_id, 1, was)
        row = action(session, claim.action_id)
        assert (row.state, row.reason) == (becomes, Reason.LEASE_LAPSED)
        assert (row.lease_owner, row.lease_until) == (None, None)
        assert row.detail is not None
        assert "first" in row.detail
        assert leases.take_lapsed(session, batch=10) == []


def test_a_lease_that_runs_is_left_alone_and_the_batch_is_kept(session: Session) -> None:
    for number in range(3):
        account = an_account(session, f"a{number}")
        add_planned(session, account, a_contact(session, account, "ann"))
    queue_due_actions(session)
    assert leases.take_lapsed(session, batch=10) == []
    expire_leases(session)
    assert len(leases.take_lapsed(session, batch=2)) == 2
    assert len(leases.take_lapsed(session, batch=2)) == 1


def test_two_recoveries_at_once_share_the_work(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        a_claim(session)
        expire_leases(session)
    with database.transaction() as first:
        assert len(leases.take_lapsed(first, batch=10)) == 1
        with open_database(database_url) as other, other.transaction() as second:
            assert leases.take_lapsed(second, batch=10) == []


def test_void_leases_ends_every_lease_and_nothing_else(database: Database) -> None:
    with database.transaction() as session:
        claim = a_claim(session)
        idle = an_account(session, "idle")
        waiting = add_planned(session, idle, a_contact(session, idle, "bob"))
    with database.transaction() as session:
        assert leases.void_leases(session) == 1
        assert action(session, waiting).lease_until is None
    with database.transaction() as session:
        assert [lapsed.action_id for lapsed in leases.take_lapsed(session, batch=10)] == [claim.action_id]
        assert leases.void_leases(session) == 0


def test_an_absent_effect_is_planned_again_with_a_clean_intent(session: Session) -> None:
    claim = a_claim(session)
    lifecycle.write_intent(session, claim)
    assert action(session, claim.action_id).acting_attempt == claim.attempt
    lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="", wait=-LEASE)
    queue_due_actions(session)
    looking = claim_action(session, claim.action_id)
    assert looking.acting_attempt == claim.attempt
    assert looking.acting_since is not None
    assert lifecycle.replan_absent(session, looking, detail="twice absent")
    row = action(session, claim.action_id)
    assert (row.acting_since, row.acting_attempt, row.looks, row.failures) == (None, None, 0, 1)


def test_a_look_counts_as_a_look_or_as_a_failure(session: Session) -> None:
    claim = a_claim(session)
    lifecycle.write_intent(session, claim)
    lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="", wait=-LEASE)
    for absent, looks, failures in ((True, 1, 0), (False, 1, 1), (True, 2, 1)):
        queue_due_actions(session)
        looking = claim_action(session, claim.action_id)
        assert lifecycle.schedule_next_look(
            session, looking, reason=Reason.PROOF_MISSING, detail="", wait=-LEASE, absent=absent
        )
        row = action(session, claim.action_id)
        assert (row.looks, row.failures) == (looks, failures)


def test_giving_back_waits_says_why_and_counts_a_failure_only_if_it_was_one(session: Session) -> None:
    claim = a_claim(session)
    until = database_now(session) + timedelta(hours=3)
    lifecycle.replan_action(session, claim, reason=Reason.DAY_LIMIT, detail="full", until=until)
    row = action(session, claim.action_id)
    assert (row.reason, row.detail, row.not_before, row.failures) == ("day_limit", "full", until, 0)
    assert queue_due_actions(session) == []
    row.not_before = database_now(session)
    session.flush()
    queue_due_actions(session)
    again = claim_action(session, claim.action_id)
    lifecycle.replan_action(
        session, again, reason=Reason.SITE_UNREACHABLE, detail="", wait=timedelta(hours=1), failed=True
    )
    row = action(session, claim.action_id)
    assert (row.failures, row.not_before) == (1, database_now(session) + timedelta(hours=1))


@pytest.mark.parametrize(
    ("reason", "held"),
    [
        (Reason.DAY_LIMIT, {"same campaign", "other campaign"}),
        (Reason.GAP, {"same campaign", "other campaign"}),
        (Reason.RUN_LIMIT, {"same campaign"}),
    ],
)
def test_a_closed_window_holds_the_accounts_other_actions_that_it_closes(
    session: Session, reason: Reason, held: set[str]
) -> None:
    claim = a_claim(session)
    account = accounts.get_account(session, claim.account_id)
    stranger = an_account(session, "stranger")
    until = database_now(session) + timedelta(hours=1)
    ids = {
        "same campaign": add_planned(
            session, account, a_contact(session, account, "p1"), campaign_id=claim.campaign_id
        ),
        "other campaign": add_planned(session, account, a_contact(session, account, "p2")),
        "other kind": add_planned(session, account, a_contact(session, account, "p3")),
        "waits longer": add_planned(session, account, a_contact(session, account, "p4")),
        "other account": add_planned(session, stranger, a_contact(session, stranger, "p5")),
    }
    action(session, ids["other kind"]).kind = Kind.VISIT
    longer = action(session, ids["waits longer"])
    longer.reason, longer.not_before = Reason.WEEK_LIMIT, until + timedelta(days=1)
    session.flush()
    dispatch.postpone_others(session, claim, reason=reason, until=until)
    found = {name for name, action_id in ids.items() if action(session, action_id).not_before == until}
    assert found == held
    assert all(action(session, ids[name]).reason == reason for name in held)
    assert action(session, ids["waits longer"]).reason == Reason.WEEK_LIMIT
    held_by_worker = action(session, claim.action_id)
    assert (held_by_worker.state, held_by_worker.reason) == (S.CLAIMED, None)


def test_do_not_contact_is_asked_at_the_last_moment_and_wins_over_everything(database: Database) -> None:
    with database.transaction() as session:
        claim = a_claim(session)
        assert gates.find_closed_gate(session, claim) is None
        assert contacts.set_do_not_contact(
            session, claim.account_id, f"{SANDBOX}ann/", value=True, by="tests"
        )
    with database.transaction() as session:
        accounts.stop_account(session, claim.account_id, Reason.CHALLENGE)
        assert gates.find_closed_gate(session, claim) == ClosedGate(Reason.DO_NOT_CONTACT)
        contacts.set_do_not_contact(session, claim.account_id, f"{SANDBOX}ann/", value=False, by="tests")
        assert gates.find_closed_gate(session, claim) == ClosedGate(Reason.CHALLENGE)
        accounts.save_session(session, claim.account_id, b"sealed")
        assert gates.find_closed_gate(session, claim) is None
        session.execute(update(Contact).values(status=ContactStatus.NOT_CONNECTED))
        assert gates.find_closed_gate(session, claim) == ClosedGate(Reason.NOT_CONNECTED)


def test_do_not_contact_of_nobody_known_says_so(session: Session) -> None:
    claim = a_claim(session)
    other = an_account(session, "other")
    assert not contacts.set_do_not_contact(
        session, claim.account_id, f"{SANDBOX}bob/", value=True, by="tests"
    )
    assert not contacts.set_do_not_contact(session, other.id, f"{SANDBOX}ann/", value=True, by="tests")
    assert gates.find_closed_gate(session, claim) is None
