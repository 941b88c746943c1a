"""Recovering actions whose lease has expired."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import leases, lifecycle
from db.tables import Account, OutboxEvent
from tests.builders import (
    action,
    an_account,
    database_now,
)
from tests.db.actions.claim_helpers import a_claim, lapse
from tests.db.helpers import (
    claim_action,
    expire_leases,
    make_due,
    open_database,
    queue_due_actions,
    run_without_triggers,
)
from worker.errors import Reason
from worker.rules.model import ActionState, Kind
from worker.rules.notices.kinds import NoticeKind
from worker.rules.policy import MAX_FAILURES, MAX_PROFILE_OPENS

S = ActionState
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("kind", "was", "failures", "ends_as"),
    [
        (Kind.GREET, S.QUEUED, MAX_FAILURES, S.PLANNED),
        (Kind.GREET, S.CLAIMED, MAX_FAILURES - 2, S.PLANNED),
        (Kind.GREET, S.CLAIMED, MAX_FAILURES - 1, S.FAILED),
        (Kind.GREET, S.ACTING, MAX_FAILURES, S.UNCERTAIN),
        (Kind.WITHDRAW, S.ACTING, MAX_FAILURES, S.UNCERTAIN),
        (Kind.GREET, S.UNCERTAIN, MAX_FAILURES - 2, S.UNCERTAIN),
        (Kind.GREET, S.UNCERTAIN, MAX_FAILURES - 1, S.NEEDS_REVIEW),
        (Kind.VISIT, S.ACTING, 0, S.PLANNED),
        (Kind.VISIT, S.ACTING, MAX_FAILURES - 1, S.FAILED),
        (Kind.COLLECT, S.ACTING, 0, S.PLANNED),
        (Kind.COLLECT, S.ACTING, MAX_FAILURES - 1, S.FAILED),
    ],
)
def test_an_action_that_outlives_its_workers_ends_only_if_it_surely_had_no_effect(
    session: Session, kind: Kind, was: S, failures: int, ends_as: S
) -> None:
    claim = a_claim(session, kind=kind)
    left = "update actions set state = :was, failures = :failures, reason = 'cannot_tell'"
    run_without_triggers(session, left, was=was, failures=failures)
    session.expire_all()
    lapse(session)
    row = action(session, claim.action_id)
    because = {S.FAILED: Reason.TOO_MANY_ATTEMPTS, S.NEEDS_REVIEW: Reason.CANNOT_TELL}
    assert (row.state, row.reason) == (ends_as, because.get(ends_as, Reason.LEASE_LAPSED))
    tried = was in {S.CLAIMED, S.UNCERTAIN} or kind.reads
    assert row.failures == failures + tried


def test_a_look_that_kills_its_workers_is_left_to_a_person_who_is_told(session: Session) -> None:
    claim = a_claim(session)
    assert lifecycle.write_intent(session, claim)
    lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="", wait=HOUR)
    for failures in range(MAX_FAILURES):
        for is_claimed in (False, True):  # a message that was lost is no failure
            row = action(session, claim.action_id)
            assert (row.state, row.failures) == (S.UNCERTAIN, failures)
            make_due(session)
            assert queue_due_actions(session) == [claim.action_id]
            if is_claimed:
                assert claim_action(session, claim.action_id).looking
            lapse(session)
    assert action(session, claim.action_id).state == S.NEEDS_REVIEW
    assert session.scalars(select(OutboxEvent.kind)).all() == [NoticeKind.NEEDS_REVIEW]


def test_a_visit_that_was_opened_as_often_as_it_may_be_ends(session: Session) -> None:
    claim = a_claim(session, kind=Kind.VISIT)
    for opened in range(1, MAX_PROFILE_OPENS + 1):
        assert lifecycle.write_intent(session, claim)
        lapse(session)
        ended = opened == MAX_PROFILE_OPENS
        assert action(session, claim.action_id).state == (S.FAILED if ended else S.PLANNED)
        if not ended:
            make_due(session)
            queue_due_actions(session)
            claim = claim_action(session, claim.action_id)


def test_the_leases_that_lapsed_first_are_settled_first(session: Session) -> None:
    claims = [a_claim(session, name) for name in ("one", "two", "three")]
    for ago, claim in zip((1, 3, 2), claims, strict=True):
        action(session, claim.action_id).lease_until = database_now(session) - ago * HOUR
    session.flush()
    assert [lapsed.action_id for lapsed in leases.take_lapsed(session, batch=2)] == [
        claims[1].action_id,
        claims[2].action_id,
    ]


def test_void_leases_frees_the_inbox_too(session: Session) -> None:
    an_account(session)
    session.execute(text("update accounts set inbox_lease_until = now() + interval '1 hour'"))
    leases.void_leases(session)
    assert session.scalars(select(Account.inbox_lease_until)).one() is None


def test_a_lapsed_lease_that_its_recovery_holds_is_passed_over(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        a_claim(session)
        expire_leases(session)
    with database.transaction() as first, open_database(database_url) as other:
        first.execute(text("select from actions for update"))
        with other.transaction() as second:
            second.execute(text("set local lock_timeout = '2s'"))
            assert leases.take_lapsed(second, batch=10) == []
