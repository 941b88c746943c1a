"""What the ledger in Postgres counts as used, from when until when, and which units can be released."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.people.accounts import AccountRecord
from db.store.quota import ledger, limits
from db.tables import Action, Interaction
from tasks.quota import make_reservation_id
from tests.builders import FREE, a_contact, add_planned, an_account, database_now
from tests.db.helpers import run_without_triggers
from tests.quota.helpers import a_context
from worker.rules.model import ActionState, Kind
from worker.rules.quota.limits import Limits
from worker.rules.quota.model import Charge

S = ActionState
MS, MINUTE, WEEK = timedelta(milliseconds=1), timedelta(minutes=1), timedelta(days=7)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One transaction, in which Postgres' now() doesn't change."""
    with database.transaction() as session:
        yield session


@pytest.fixture
def account(session: Session) -> AccountRecord:
    an_account(session, "somebody else")
    return an_account(session)


def acted(
    session: Session,
    account: AccountRecord,
    at: datetime,
    *,
    slug: str = "ann",
    state: ActionState = S.DONE,
    kind: Kind = Kind.GREET,
) -> str:
    """An action whose intent was written at `at`, on its second attempt; return its reservation."""
    action_id = add_planned(session, account, a_contact(session, account, slug))
    run_without_triggers(
        session,
        "update actions set state = :state, reason = 'cannot_tell', kind = :kind, acting_since = :at, "
        "acting_attempt = 2, attempt = 4, lease_until = now() where id = :id",
        state=state, kind=kind, at=at, id=action_id,
    )  # fmt: skip
    if kind.reads:
        run_without_triggers(
            session,
            "update action_events set to_state = 'acting', at = :at, attempt = 2 where action_id = :id",
            at=at, id=action_id,
        )  # fmt: skip
    return make_reservation_id(action_id, 2)


def interaction(session: Session, account: AccountRecord, at: datetime, **more: object) -> None:
    contact = a_contact(session, account, f"by-hand-{at.timestamp()}")
    values = {"source_key": f"seen:{at}", "type": Kind.GREET, "status": "seen", "message": "Hi!", **more}
    session.add(
        Interaction(
            account_id=account.id, contact_id=contact.id, occasion="x", correlation_id="x", created_at=at,
            **values,
        )
    )  # fmt: skip
    session.flush()


def charges(session: Session, account: AccountRecord) -> tuple[Charge, ...]:
    return ledger.read_ledger(session, a_context(account.id)).charges


def test_what_happened_or_may_have_happened_counts_and_what_is_looked_at_can_be_given_back(
    session: Session, account: AccountRecord
) -> None:
    now = database_now(session)
    for state in (S.ACTING, S.UNCERTAIN, S.NEEDS_REVIEW, S.DONE, S.SKIPPED, S.FAILED):
        reservation = acted(session, account, now, slug=state, state=state)
        (charge,) = (c for c in charges(session, account) if c.reservation_id == reservation)
        assert (charge.kind, charge.at, charge.lapses_at) == (Kind.GREET, now, None)
        assert charge.held is (state in {S.ACTING, S.UNCERTAIN})
        run_without_triggers(session, "update actions set state = 'done'")


def test_what_is_only_planned_or_reserved_is_not_in_the_ledger(
    session: Session, account: AccountRecord
) -> None:
    add_planned(session, account, a_contact(session, account, "ann"))
    run_without_triggers(session, "update actions set state = 'claimed', attempt = 3, lease_until = now()")
    assert charges(session, account) == ()


def test_an_intent_counts_for_a_week_and_not_a_millisecond_longer_or_shorter(
    session: Session, account: AccountRecord
) -> None:
    now = database_now(session)
    count = set()
    for kind in (Kind.GREET, Kind.WITHDRAW, Kind.VISIT):
        acted(session, account, now - WEEK, slug=f"over {kind}", kind=kind)
        count.add(acted(session, account, now - WEEK + MS, slug=f"counts {kind}", kind=kind))
    found = charges(session, account)
    assert len(found) == len(count)
    assert {charge.reservation_id for charge in found} == count


def test_what_the_owner_wrote_counts_for_a_week_in_no_run(session: Session, account: AccountRecord) -> None:
    now = database_now(session)
    interaction(session, account, now - WEEK)
    interaction(session, account, now - WEEK + MS)
    (charge,) = charges(session, account)
    assert (charge.kind, charge.at, charge.run_id, charge.held) == (Kind.GREET, now - WEEK + MS, None, False)


def test_a_record_of_an_intent_counts_once_and_one_without_an_intent_too(
    session: Session, account: AccountRecord
) -> None:
    now = database_now(session)
    acted(session, account, now)
    (first,) = session.query(Action).all()
    interaction(session, account, now, source_key=None, action_id=first.id, status="sent")
    assert len(charges(session, account)) == 1
    run_without_triggers(session, "update actions set acting_since = acting_since - interval '8 days'")
    assert charges(session, account) == (), "found today, but what counts is when it was sent"
    run_without_triggers(session, "update actions set acting_since = null, acting_attempt = null")
    assert [charge.run_id for charge in charges(session, account)] == [None]


def test_each_opening_of_a_page_counts_for_good(session: Session, account: AccountRecord) -> None:
    now = database_now(session)
    acted(session, account, now - MINUTE, kind=Kind.VISIT, state=S.ACTING)
    run_without_triggers(
        session,
        "insert into action_events (account_id, seq, action_id, at, to_state, attempt, actor, "
        "correlation_id, hash) select account_id, 98 + n, action_id, now(), state, 4, '', '', '' "
        "from action_events, unnest(array['acting', 'planned', 'done']) with ordinality as s (state, n)",
    )
    found = charges(session, account)
    assert sorted(charge.at for charge in found) == [now - MINUTE, now]
    assert {(charge.kind, charge.held) for charge in found} == {(Kind.VISIT, False)}
    assert all(charge.run_id for charge in found)
    assert len({charge.reservation_id for charge in found}) == 2


def test_each_kind_is_counted_in_one_way(session: Session, account: AccountRecord) -> None:
    now = database_now(session)
    for kind in (Kind.GREET, Kind.WITHDRAW, Kind.VISIT):
        acted(session, account, now, slug=kind, kind=kind)
    run_without_triggers(session, "update action_events set to_state = 'acting'")
    assert sorted(charge.kind for charge in charges(session, account)) == [
        Kind.GREET, Kind.VISIT, Kind.WITHDRAW,
    ]  # fmt: skip


def test_what_another_account_used_is_its_own(session: Session, account: AccountRecord) -> None:
    now = database_now(session)
    acted(session, account, now)
    acted(session, account, now, slug="bob", kind=Kind.VISIT)
    interaction(session, account, now)
    other = an_account(session, "other")
    assert charges(session, other) == ()
    assert len(charges(session, account)) == 3
    assert ledger.list_active_accounts(session) == [account.id]


def test_the_gap_begins_with_the_newest_unit_of_its_kind(session: Session, account: AccountRecord) -> None:
    own = Limits(9, 9, 9, MINUTE, 2 * MINUTE)
    for kind in (Kind.GREET, Kind.WITHDRAW):
        limits.set_limits(session, account.id, kind, own, by="tests")
    now = database_now(session)
    for slug, ago in (("old", 9), ("new", 1), ("older", 30)):
        acted(session, account, now - ago * MINUTE, slug=slug)
    acted(session, account, now - 5 * MINUTE, slug="withdrawn", kind=Kind.WITHDRAW)
    gaps = ledger.read_ledger(session, a_context(account.id)).gaps
    assert gaps == {Kind.GREET: now + MINUTE, Kind.WITHDRAW: now - 3 * MINUTE}


def test_what_is_left_is_told_by_the_ledger_alone(session: Session, account: AccountRecord) -> None:
    now = database_now(session)
    acted(session, account, now)
    context = limits.load_context(session, account.id, Kind.GREET, "").context
    found = ledger.remaining_by_ledger(session, context).remaining
    assert found is not None
    assert (FREE.per_day - found.day, FREE.per_week - found.week, found.run) == (1, 1, FREE.per_run)


def test_an_account_acted_lately_if_it_did_within_the_week(session: Session, account: AccountRecord) -> None:
    now = database_now(session)
    acted(session, account, now - WEEK)
    assert ledger.list_active_accounts(session) == []
    acted(session, account, now - WEEK + MS, slug="bob")
    acted(session, account, now, slug="cem")
    assert ledger.list_active_accounts(session) == [account.id]


def test_an_account_is_at_rest_while_no_message_or_worker_holds_an_action(
    session: Session, account: AccountRecord
) -> None:
    other = an_account(session, "other").id
    add_planned(session, account, a_contact(session, account, "ann"))
    for state in S:
        reached = "update actions set state = :state, reason = 'cannot_tell', lease_until = now()"
        run_without_triggers(session, reached, state=state)
        assert ledger.is_account_idle(session, account.id) is (state not in {S.QUEUED, S.CLAIMED, S.ACTING})
        assert ledger.is_account_idle(session, other)
