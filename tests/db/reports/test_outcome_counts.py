"""Outcome counts: the day of a greeting, and the count that an action belongs to."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import true
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions.review import proposals, undo
from db.store.actions.review.undo_effects import UndoOutcome
from db.store.people.accounts import AccountRecord
from db.store.reports import outcome_counts
from db.tables import Action, Interaction
from tests.builders import a_campaign, a_contact, add_planned, add_proposed, an_account, database_now
from tests.db.helpers import run_without_triggers
from worker.errors import Reason
from worker.rules.model import ActionState, Kind
from worker.rules.quota.windows import Span

S = ActionState
MS, HOUR = timedelta(milliseconds=1), timedelta(hours=1)
DAY = Span(datetime(2027, 6, 15, tzinfo=UTC), datetime(2027, 6, 16, tzinfo=UTC))


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def account(session: Session) -> AccountRecord:
    return an_account(session)


def add_action_in_state(
    session: Session,
    account: AccountRecord,
    slug: str,
    state: ActionState,
    reason: Reason | None,
    *,
    at: datetime = DAY.start,
) -> Action:
    """Add an action that entered `state` at `at`."""
    contact = a_contact(session, account, slug)
    action_id = add_planned(session, account, contact, campaign_id=a_campaign(session, account))
    run_without_triggers(
        session,
        "update actions set state = :state, reason = :reason, not_before = created_at, lease_until = now(), "
        "updated_at = :at where id = :id",
        state=state, reason=reason, at=at, id=action_id,
    )  # fmt: skip
    run_without_triggers(
        session,
        "update action_events set to_state = :state, reason = :reason, at = :at where action_id = :id",
        state=state, reason=reason, at=at, id=action_id,
    )  # fmt: skip
    return session.get_one(Action, action_id, populate_existing=True)


def greeted(
    session: Session,
    account: AccountRecord,
    slug: str,
    *,
    clicked: datetime | None,
    recorded: datetime,
    birthday: date = date(2027, 6, 15),
    kind: Kind = Kind.GREET,
) -> None:
    action = add_action_in_state(session, account, slug, S.DONE, None, at=recorded)
    action.acting_since, action.occasion_on = clicked, birthday
    session.add(
        Interaction(
            account_id=account.id, contact_id=action.contact_id, action_id=action.id, type=kind,
            status="sent", occasion="x", message="Hi!", correlation_id="x", created_at=recorded,
        )
    )  # fmt: skip
    session.flush()


def test_a_greeting_belongs_to_the_day_of_its_click_from_midnight_to_midnight(
    session: Session, account: AccountRecord
) -> None:
    for slug, clicked in (
        ("before", DAY.start - MS), ("first", DAY.start), ("evening", DAY.end - HOUR / 2),
        ("last", DAY.end - MS), ("after", DAY.end),
    ):  # fmt: skip
        greeted(session, account, slug, clicked=clicked, recorded=clicked + HOUR)
    greeted(session, account, "found", clicked=None, recorded=DAY.start + HOUR)
    greeted(session, account, "found too late", clicked=None, recorded=DAY.end)
    greeted(session, account, "a visit", clicked=DAY.start, recorded=DAY.start, kind=Kind.VISIT)
    sent, _ = outcome_counts.count_sent(session, ZoneInfo("UTC"), outcome_counts.is_sent_within(DAY))
    assert sent == 4


def test_late_is_what_was_sent_after_the_birthday_by_the_account_s_calendar(
    session: Session, account: AccountRecord
) -> None:
    late_evening = datetime(2027, 6, 15, 23, 30, tzinfo=UTC)  # the 16th in Paris
    greeted(session, account, "on the day", clicked=DAY.start + HOUR, recorded=late_evening + 2 * HOUR)
    greeted(session, account, "in the evening", clicked=late_evening, recorded=late_evening)
    for zone, late in (("UTC", 0), ("Europe/Paris", 1), ("America/New_York", 0)):
        assert outcome_counts.count_sent(session, ZoneInfo(zone), true()) == (2, late)


def test_what_ended_in_a_span_is_told_by_how_and_why(session: Session, account: AccountRecord) -> None:
    other = an_account(session, "other")
    for number, (state, reason, at, owner) in enumerate(
        [
            (S.SKIPPED, Reason.ALREADY_GREETED, DAY.start, account),
            (S.SKIPPED, Reason.DO_NOT_CONTACT, DAY.start + HOUR, account),
            (S.SKIPPED, Reason.DO_NOT_CONTACT, DAY.end - MS, account),
            (S.FAILED, Reason.TOO_MANY_ATTEMPTS, DAY.start, account),
            (S.DONE, Reason.SETTLED_BY_HAND, DAY.start, account),
            (S.DONE, None, DAY.start, account),
            (S.UNCERTAIN, Reason.PROOF_MISSING, DAY.start, account),
            (S.SKIPPED, Reason.ALREADY_GREETED, DAY.start - MS, account),
            (S.SKIPPED, Reason.ALREADY_GREETED, DAY.end, account),
            (S.FAILED, Reason.TOO_MANY_ATTEMPTS, DAY.start, other),
        ]
    ):
        add_action_in_state(session, owner, f"p{number}", state, reason, at=at)
    told = outcome_counts.count_ended(session, account.id, DAY)
    assert told == {
        S.SKIPPED: {Reason.DO_NOT_CONTACT: 2, Reason.ALREADY_GREETED: 1},
        S.FAILED: {Reason.TOO_MANY_ATTEMPTS: 1},
        S.DONE: {Reason.SETTLED_BY_HAND: 1},
    }
    assert list(told[S.SKIPPED]) == [Reason.DO_NOT_CONTACT, Reason.ALREADY_GREETED]


def test_what_is_open_is_counted_once_as_what_it_is(session: Session, account: AccountRecord) -> None:
    for number, (state, reason) in enumerate(
        [
            (S.PLANNED, None), (S.PLANNED, None), (S.PLANNED, None), (S.PLANNED, Reason.DAY_LIMIT),
            (S.PLANNED, Reason.GAP), (S.PLANNED, Reason.GAP), (S.UNCERTAIN, Reason.PROOF_MISSING),
            (S.PROPOSED, Reason.AWAITING_APPROVAL), (S.NEEDS_REVIEW, Reason.CANNOT_TELL),
            (S.DONE, None), (S.SKIPPED, Reason.ALREADY_GREETED), (S.FAILED, Reason.TOO_MANY_ATTEMPTS),
        ]
    ):  # fmt: skip
        add_action_in_state(session, account, f"p{number}", state, reason)
    for owner, state in (("a", S.QUEUED), ("b", S.CLAIMED), ("c", S.ACTING)):
        add_action_in_state(session, an_account(session, owner), owner, state, None)
    told = outcome_counts.count_open(session, true())
    assert (told.due, told.under_way, told.uncertain, told.proposed, told.needs_review) == (3, 3, 1, 1, 1)
    assert list(told.waiting.items()) == [(Reason.GAP, 2), (Reason.DAY_LIMIT, 1)]
    assert outcome_counts.count_reasons(session, true(), S.SKIPPED) == {Reason.ALREADY_GREETED: 1}
    assert outcome_counts.count_done(session, true()) == {
        Kind.GREET: 1,
        Kind.VISIT: 0,
        Kind.COLLECT: 0,
        Kind.WITHDRAW: 0,
    }
    assert outcome_counts.count_open(session, Action.account_id != account.id).due == 0
    assert outcome_counts.count_done(session, Action.account_id != account.id)[Kind.GREET] == 0


def test_who_was_left_out_is_told_by_reason_and_name(session: Session, account: AccountRecord) -> None:
    for slug, state, reason in (
        ("cem", S.SKIPPED, Reason.DO_NOT_CONTACT), ("bob", S.SKIPPED, Reason.ALREADY_GREETED),
        ("ann", S.SKIPPED, Reason.DO_NOT_CONTACT), ("dan", S.FAILED, Reason.TOO_MANY_ATTEMPTS),
        ("eve", S.DONE, Reason.SETTLED_BY_HAND), ("fay", S.UNCERTAIN, Reason.PROOF_MISSING),
    ):  # fmt: skip
        add_action_in_state(session, account, slug, state, reason)
    told = outcome_counts.list_left_out(session, true())
    assert [(line.contact, line.state, line.reason) for line in told] == [
        ("Bob", S.SKIPPED, Reason.ALREADY_GREETED), ("Ann", S.SKIPPED, Reason.DO_NOT_CONTACT),
        ("Cem", S.SKIPPED, Reason.DO_NOT_CONTACT), ("Dan", S.FAILED, Reason.TOO_MANY_ATTEMPTS),
    ]  # fmt: skip
    assert outcome_counts.list_left_out(session, Action.account_id != account.id) == []


def test_a_decision_that_was_taken_back_has_ended_nothing(session: Session, account: AccountRecord) -> None:
    ann = add_proposed(session, account, a_contact(session, account, "ann"))
    (seen,) = proposals.list_proposals(session, limit=1)
    made = undo.drop(session, ann, seen=seen.seen, by="olga")
    now = database_now(session)
    today = Span(now - HOUR, now + HOUR)
    dropped = {S.DONE: {}, S.FAILED: {}, S.SKIPPED: {Reason.DROPPED_BY_HAND: 1}}
    assert outcome_counts.count_ended(session, account.id, today) == dropped
    assert undo.take_back(session, made.id, by="olga") == {ann: UndoOutcome.DONE}
    assert outcome_counts.count_ended(session, account.id, today)[S.SKIPPED] == {}
    undo.drop(session, ann, seen=seen.seen, by="olga")
    assert outcome_counts.count_ended(session, account.id, today) == dropped
