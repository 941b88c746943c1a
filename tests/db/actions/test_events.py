"""Every transition writes one event, unlisted ones are refused, and changed events are found."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import product
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.engine import Database, RowRefusedError
from db.store.actions import control, dispatch, events, leases, lifecycle
from db.store.actions.events import ChainReport
from db.tables import Action, ActionEvent
from tests.builders import a_campaign, a_contact, action, add_planned, an_account
from tests.db.helpers import (
    LEASE,
    claim_action,
    expire_leases,
    make_due,
    open_database,
    queue_due_actions,
    run_concurrently,
    run_without_triggers,
)
from worker.errors import Reason
from worker.rules.lifecycle import TRANSITIONS
from worker.rules.model import ActionState

S = ActionState


def reports(database: Database) -> dict[str, ChainReport]:
    with database.snapshot() as session:
        return {report.account: report for report in events.verify_chains(session)}


def moves_of(session: Session, action_id: UUID) -> list[tuple[S | None, S, Reason | None, int]]:
    return [(e.from_state, e.to_state, e.reason, e.attempt) for e in events.list_events(session, action_id)]


def greeted(session: Session, name: str = "demo", people: int = 1) -> list[UUID]:
    """An account whose people were all greeted: five events for each."""
    account = an_account(session, name)
    ids = [add_planned(session, account, a_contact(session, account, f"p{n}")) for n in range(people)]
    for _ in ids:
        (action_id,) = queue_due_actions(session)
        claim = claim_action(session, action_id)
        assert lifecycle.write_intent(session, claim)
        assert lifecycle.record_effect(session, claim, status="sent", text="Hi!", screenshot=None)
    return ids


def test_every_move_through_the_store_leaves_one_event_in_order(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        action_id = add_planned(session, account, a_contact(session, account, "ann"))
        queue_due_actions(session)
        expire_leases(session)
        leases.take_lapsed(session, batch=10)
        queue_due_actions(session)
        claim = claim_action(session, action_id)
        lifecycle.replan_action(session, claim, reason=Reason.SITE_UNREACHABLE, detail="", failed=True)
        make_due(session)
        queue_due_actions(session)
        claim = claim_action(session, action_id)
        lifecycle.write_intent(session, claim)
        soon = timedelta(seconds=-1)
        lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="", wait=soon)
        queue_due_actions(session)
        claim = claim_action(session, action_id)
        lifecycle.schedule_next_look(
            session, claim, reason=Reason.PROOF_MISSING, detail="", wait=soon, absent=True
        )
        queue_due_actions(session)
        claim = claim_action(session, action_id)
        lifecycle.mark_needs_review(session, claim, reason=Reason.CANNOT_TELL, detail="two bubbles")
        control.settle_by_hand(session, action_id, S.DONE)
        assert moves_of(session, action_id) == [
            (None, S.PLANNED, None, 0),
            (S.PLANNED, S.QUEUED, None, 0),
            (S.QUEUED, S.PLANNED, Reason.LEASE_LAPSED, 0),
            (S.PLANNED, S.QUEUED, None, 0),
            (S.QUEUED, S.CLAIMED, None, 1),
            (S.CLAIMED, S.PLANNED, Reason.SITE_UNREACHABLE, 1),
            (S.PLANNED, S.QUEUED, None, 1),
            (S.QUEUED, S.CLAIMED, None, 2),
            (S.CLAIMED, S.ACTING, None, 2),
            (S.ACTING, S.UNCERTAIN, Reason.PROOF_MISSING, 2),
            (S.UNCERTAIN, S.NEEDS_REVIEW, Reason.CANNOT_TELL, 4),
            (S.NEEDS_REVIEW, S.DONE, Reason.SETTLED_BY_HAND, 4),
        ]
        assert {e.correlation_id for e in events.list_events(session, action_id)} == {"test"}
    assert reports(database)["demo"].problems == ()


def test_each_event_names_who_moved_it(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        account = an_account(session)
        action_id = add_planned(session, account, a_contact(session, account, "ann"))
    with open_database(database_url) as other, other.transaction() as session:
        queue_due_actions(session)
    with database.transaction() as session:
        assert [e.actor for e in events.list_events(session, action_id)] == [
            "tests",
            "a test's second process",
        ]


def test_a_move_that_changes_nothing_leaves_no_event_and_one_undone_neither(database: Database) -> None:
    with database.transaction() as session:
        (action_id,) = greeted(session)
    with database.transaction() as session:
        assert not control.settle_by_hand(session, action_id, S.SKIPPED)
        session.execute(text("update actions set state = state, detail = 'touched'"))
    with database.transaction() as session, session.begin_nested() as undone:
        add_planned(session, an_account(session), a_contact(session, an_account(session), "undone"))
        undone.rollback()
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(ActionEvent)) == 5
    assert reports(database)["demo"].problems == ()


def test_the_trigger_allows_what_the_table_of_moves_lists_and_nothing_else(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        action_id = add_planned(session, account, a_contact(session, account, "ann"))
        allowed = set()
        for before, after in product(S, S):
            run_without_triggers(
                session, "update actions set state = :s, reason = 'gap', lease_until = now()", s=before
            )
            with suppress(IntegrityError), session.begin_nested():
                session.execute(
                    text("update actions set state = :s where id = :id"), {"s": after, "id": action_id}
                )
                allowed.add((before, after))
        assert allowed == {(a, b) for a in S for b in S if b in TRANSITIONS[a] or a == b}


def test_a_move_that_nobody_may_make_is_refused_and_leaves_no_event(database: Database) -> None:
    with database.transaction() as session:
        (action_id,) = greeted(session)
    with (
        pytest.raises(RowRefusedError, match="cannot move from done to planned"),
        database.transaction() as session,
    ):
        session.execute(text("update actions set state = 'planned'"))
    with database.transaction() as session:
        assert len(events.list_events(session, action_id)) == 5
    assert reports(database)["demo"].problems == ()


def test_an_honest_chain_is_whole_and_its_head_is_the_last_hash(database: Database) -> None:
    with database.transaction() as session:
        greeted(session, people=3)
        an_account(session, "nobody")
    with database.transaction() as session:
        last = session.scalars(select(ActionEvent).order_by(ActionEvent.seq.desc())).first()
    assert last is not None
    assert reports(database) == {
        "demo": ChainReport("demo", 15, last.hash.hex(), ()),
        "nobody": ChainReport("nobody", 0, "", ()),
    }


SWAP = (
    "update action_events set seq = -seq where seq in (3, 4)",
    "update action_events set seq = case seq when -3 then 4 else 3 end where seq < 0",
)


@pytest.mark.parametrize(
    ("attack", "found"),
    [
        (("update action_events set reason = 'gap' where seq = 4",), ["event 4 was changed"]),
        (("update action_events set actor = 'nobody' where seq = 15",), ["event 15 was changed"]),
        (("update action_events set at = at - interval '1us' where seq = 2",), ["event 2 was changed"]),
        (("delete from action_events where seq = 7",), ["event 7 is missing"]),
        (("delete from action_events where seq between 7 and 9",), ["events 7 to 9 are missing"]),
        (("delete from action_events where seq = 1",), ["event 1 is missing"]),
        (("delete from action_events where seq > 13",), ["the chain ends at event 13, but 15 were written"]),
        (SWAP, ["event 3 was changed", "event 4 was changed"]),
        (("update action_events set hash = sha256('x') where seq = 6",), ["event 6 was changed"]),
        (("update action_events set hash = sha256('x') where seq = 15",), ["event 15 was changed"]),
        (("update audit_heads set hash = sha256('x')",), ["event 15 is not the one that was written last"]),
        (("delete from audit_heads",), ["the record of the chain's last event is missing"]),
        (
            ("delete from action_events", "delete from audit_heads"),
            ["3 actions are in a state that no event explains"],
        ),
    ],
)  # fmt: skip
def test_each_change_is_found(database: Database, attack: Sequence[str], found: list[str]) -> None:
    with database.transaction() as session:
        greeted(session, people=3)
        greeted(session, "other")
        other = session.execute(text("select id from accounts where name = 'other'")).scalar_one()
    with database.transaction() as session:
        for statement in attack:
            where = "and" if " where " in statement else "where"
            session.execute(text(f"{statement} {where} account_id <> {other}"))
    told = reports(database)
    assert set(found) <= set(told["demo"].problems)
    assert told["other"].problems == ()


def test_an_event_before_the_first_one_is_found(database: Database) -> None:
    with database.transaction() as session:
        greeted(session)
        others = "action_id, at, from_state, to_state, reason, attempt, actor, correlation_id, hash"
        session.execute(
            text(
                f"insert into action_events (account_id, seq, {others}) "
                f"select account_id, 0, {others} from action_events where seq = 1"
            )
        )
    assert reports(database)["demo"].problems


def test_parts_of_a_chain_find_what_the_whole_does(database: Database) -> None:
    with database.transaction() as session:
        greeted(session, people=2)
        run_without_triggers(session, "update action_events set reason = 'gap' where seq = 4")
        run_without_triggers(session, "update actions set state = 'skipped', reason = 'gap'")
        account_id = session.scalars(select(Action.account_id)).first() or 0
    place: events.ChainPlace | None = events.ChainPlace()
    parts = []
    while place is not None:
        with database.snapshot() as session:
            parts.append(events.verify_part(session, account_id, place, limit=3))
        place = parts[-1].next
    assert [(part.events, part.actions) for part in parts] == [(3, 0), (3, 0), (3, 0), (1, 0), (0, 2)]
    assert [problem for part in parts for problem in part.problems] == ["event 4 was changed"]
    assert sum(part.unexplained for part in parts) == 2


def test_a_move_behind_the_trigger_is_found(database: Database) -> None:
    with database.transaction() as session:
        greeted(session, people=2)
        run_without_triggers(session, "update actions set state = 'skipped', reason = 'gap'")
    assert reports(database)["demo"].problems == ("2 actions are in a state that no event explains",)


def test_moves_of_one_account_at_once_keep_its_chain_whole(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        one, two = an_account(session, "one"), an_account(session, "two")
        campaigns = [(account, a_campaign(session, account)) for _ in range(4) for account in (one, two)]
        for number, (account, campaign_id) in enumerate(campaigns):
            for person in range(5):
                contact = a_contact(session, account, f"p{number}-{person}")
                add_planned(session, account, contact, campaign_id=campaign_id)
            session.execute(text("update campaigns set state = 'planned'"))

    def cancel(own: Database, number: int) -> int | None:
        with own.transaction() as session:
            return control.cancel_campaign(session, campaigns[number][1])

    assert run_concurrently(database_url, 8, cancel) == [5] * 8
    told = reports(database)
    assert {name: (report.events, report.problems) for name, report in told.items()} == {
        "one": (40, ()),
        "two": (40, ()),
    }
    with database.transaction() as session:
        assert session.scalar(select(func.count()).where(Action.reason == Reason.CAMPAIGN_CANCELLED)) == 40


def test_who_verifies_while_others_move_sees_one_moment(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        account = an_account(session)
        action_id = add_planned(session, account, a_contact(session, account, "ann"))
    with database.snapshot() as reading:
        reading.execute(text("select 1 from accounts"))  # the moment begins here
        with open_database(database_url) as other, other.transaction() as session:
            dispatch.queue_due_actions(session, batch=10, lease=LEASE)
        assert [(r.events, r.problems) for r in events.verify_chains(reading)] == [(1, ())]
    with database.transaction() as session:
        assert action(session, action_id).state == S.QUEUED
