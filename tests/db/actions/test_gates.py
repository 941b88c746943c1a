"""Approval, the last day and one message a day, checked right before the effect."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Update, select, update
from sqlalchemy.orm import Session

from db.engine import Database, RowRefusedError
from db.store.actions import endings, gates, interactions, lifecycle, plans
from db.store.actions.claims import Claim
from db.store.actions.gates import ClosedGate
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns
from db.store.people.accounts import AccountRecord
from db.tables import Account, Action, Contact, Exclusion, Interaction, QuotaEpoch
from tests.builders import SANDBOX, a_campaign, a_contact, action, add_planned, an_account, database_now
from tests.db.helpers import (
    claim_action,
    open_database,
    queue_due_actions,
    run_concurrently,
    wait_for_lock_wait,
)
from worker.errors import Reason
from worker.rules.messages.approval import approval_hash
from worker.rules.model import ActionState, Kind, ThreadMessage
from worker.rules.quota.windows import local_day

ANN = f"{SANDBOX}ann/"
TEXT = "Happy birthday, Ann!"


def proposed(session: Session, account: AccountRecord, *, expires_on: date | None = None) -> UUID:
    """Propose one greeting of Ann."""
    campaign = campaigns.find_campaign(session, a_campaign(session, account))
    assert campaign is not None
    today = database_now(session).date()
    contact = a_contact(session, account, "ann")
    draft = PlannedAction(contact.id, f"birthday:{today.year}", today, TEXT, expires_on=expires_on)
    assert plans.insert_plan(session, campaign, Kind.GREET, [draft], needs_approval=True) == 1
    return draft.id


def approve(session: Session, action_id: UUID) -> None:
    session.execute(
        update(Action)
        .where(Action.id == action_id)
        .values(state=ActionState.PLANNED, approval=approval_hash(ANN, TEXT), approved_by="me", reason=None)
    )
    session.expire_all()


def claim_of(session: Session, action_id: UUID) -> Claim:
    assert queue_due_actions(session) == [action_id]
    return claim_action(session, action_id)


def test_what_nobody_approved_is_never_dispatched_and_cannot_be_planned(database: Database) -> None:
    with database.transaction() as session:
        action_id = proposed(session, an_account(session))
        row = action(session, action_id)
        assert (row.state, row.reason) == (ActionState.PROPOSED, Reason.AWAITING_APPROVAL)
        assert queue_due_actions(session) == []
    with pytest.raises(RowRefusedError, match="approved"), database.transaction() as session:
        action(session, action_id).state = ActionState.PLANNED


@pytest.mark.parametrize(
    "change",
    [
        update(Action).values(message="Another text"),
        update(Contact).values(profile_url=f"{SANDBOX}bob/"),
        update(Action).values(approval=approval_hash(ANN, "Another text")),
    ],
    ids=["text", "recipient", "approval"],
)
def test_an_approval_is_good_for_one_recipient_and_one_text(session: Session, change: Update) -> None:
    action_id = proposed(session, an_account(session))
    approve(session, action_id)
    claim = claim_of(session, action_id)
    assert gates.find_closed_gate(session, claim) is None
    session.execute(change)
    assert gates.find_closed_gate(session, claim) == ClosedGate(Reason.NOT_APPROVED)
    assert Reason.NOT_APPROVED in gates.SKIP_REASONS


@pytest.mark.parametrize("told", ["interaction", "by address", "by name", "date"])
def test_whom_somebody_greeted_since_the_plan_is_left_out(session: Session, told: str) -> None:
    account = an_account(session)
    contact = a_contact(session, account, "ann")
    action_id = add_planned(session, account, contact)
    claim = claim_of(session, action_id)
    assert gates.find_closed_gate(session, claim) is None
    match told:
        case "interaction":
            session.add(
                Interaction(
                    account_id=account.id, contact_id=contact.id, source_key="v1:1", type=Kind.GREET,
                    status="imported", occasion=claim.occasion, message="Hi", correlation_id="test",
                    created_at=database_now(session) - timedelta(days=3),
                )
            )  # fmt: skip
        case "date":
            contact.last_greeted_on = claim.occasion_on
        case _:
            known = {"profile_url": ANN} if told == "by address" else {"name_key": "ann"}
            session.add(Exclusion(account_id=account.id, occasion=claim.occasion, **known))
    session.flush()
    assert gates.find_closed_gate(session, claim) == ClosedGate(Reason.ALREADY_GREETED)
    assert Reason.ALREADY_GREETED in gates.SKIP_REASONS


@pytest.mark.parametrize("days", [-1, 0])
def test_the_last_day_is_the_last_on_which_it_happens(session: Session, days: int) -> None:
    account = an_account(session, zone="Pacific/Kiritimati")  # the date there is ahead of UTC's
    today = database_now(session).astimezone(account.zone).date()
    action_id = add_planned(session, account, a_contact(session, account, "ann"))
    claim = claim_of(session, action_id)
    action(session, action_id).expires_on = today + timedelta(days=days)
    session.flush()
    assert gates.find_closed_gate(session, claim) == (ClosedGate(Reason.EXPIRED) if days else None)


def test_what_is_too_late_is_skipped_whether_planned_or_proposed(session: Session) -> None:
    ahead, behind = an_account(session, "ahead", zone="Pacific/Kiritimati"), an_account(session, "behind")
    now = database_now(session)
    session.execute(update(Account).where(Account.id == behind.id).values(time_zone="Pacific/Niue"))
    yesterday_there = now.astimezone(ahead.zone).date() - timedelta(days=1)
    late = proposed(session, ahead, expires_on=yesterday_there)
    waits = add_planned(session, behind, a_contact(session, behind, "bob"))
    for_ever = add_planned(session, behind, a_contact(session, behind, "eve"))
    action(session, waits).expires_on = yesterday_there  # there it is not over yet
    session.flush()
    assert endings.expire_actions(session) == 1
    assert (action(session, late).state, action(session, late).reason) == ("skipped", Reason.EXPIRED)
    assert {action(session, one).state for one in (waits, for_ever)} == {"planned"}
    action(session, waits).expires_on = yesterday_there - timedelta(days=2)
    session.flush()
    assert endings.expire_actions(session) == 1
    assert endings.expire_actions(session) == 0


def two_accounts(session: Session) -> tuple[Claim, Claim]:
    """Two accounts that know Ann, each about to greet her."""
    claims = []
    for name in ("one", "two"):
        account = an_account(session, name)
        action_id = add_planned(session, account, a_contact(session, account, "ann"))
        claims.append(claim_of(session, action_id))
    return claims[0], claims[1]


def test_two_accounts_that_know_one_person_write_on_two_days(session: Session) -> None:
    first, second = two_accounts(session)
    assert gates.find_closed_gate(session, first) is None
    assert lifecycle.write_intent(session, first)
    assert gates.find_closed_gate(session, first) is None  # its own intent is not another account's message
    until = local_day(database_now(session), second.zone).end
    assert gates.find_closed_gate(session, second) == ClosedGate(Reason.ONE_VOICE, until)
    assert lifecycle.record_effect(session, first, status="sent", text=TEXT, screenshot=None)
    assert gates.find_closed_gate(session, second) == ClosedGate(Reason.ONE_VOICE, until)
    long_ago = database_now(session) - timedelta(days=2)
    session.execute(update(Action).where(Action.id == first.action_id).values(acting_since=long_ago))
    session.execute(update(Interaction).values(created_at=long_ago))
    assert gates.find_closed_gate(session, second) is None


def test_people_of_one_address_on_two_sites_are_two(session: Session) -> None:
    first, second = two_accounts(session)
    session.execute(update(Account).where(Account.name == "one").values(site="ledger"))
    assert lifecycle.write_intent(session, first)
    assert gates.find_closed_gate(session, second) is None


def test_of_many_accounts_that_greet_one_person_at_once_one_does(
    database: Database, database_url: str
) -> None:
    many = 6
    claims = []
    with database.transaction() as session:
        for number in range(many):
            account = an_account(session, f"account-{number}")
            action_id = add_planned(session, account, a_contact(session, account, "ann"))
            claims.append(claim_of(session, action_id))

    def intend(own: Database, number: int) -> Reason | None:
        with own.transaction() as session:
            gates.lock_recipient(session, claims[number])
            closed = gates.find_closed_gate(session, claims[number])
            if closed is None:
                assert lifecycle.write_intent(session, claims[number])
            return closed.reason if closed else None

    said = run_concurrently(database_url, many, intend)
    assert sorted(said, key=str) == [None] + [Reason.ONE_VOICE] * (many - 1)


def test_an_account_waits_while_another_one_is_about_to_greet_the_same_person(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        first, second = two_accounts(session)

    def ask() -> ClosedGate | None:
        with open_database(database_url) as own, own.transaction() as session:
            gates.lock_recipient(session, second)
            return gates.find_closed_gate(session, second)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            gates.lock_recipient(session, first)
            assert gates.find_closed_gate(session, first) is None
            assert lifecycle.write_intent(session, first)
            asked = pool.submit(ask)
            wait_for_lock_wait(database, asked)
            assert not asked.done()
        closed = asked.result(30)
    assert closed is not None
    assert closed.reason is Reason.ONE_VOICE


def test_what_the_owner_wrote_by_hand_is_kept_once_counts_and_is_a_voice(session: Session) -> None:
    first, second = two_accounts(session)
    now = database_now(session)
    by_hand = ThreadMessage(outgoing=True, text="Dear Ann, many happy returns", at=now)
    for _ in range(2):
        interactions.record_message_by_hand(session, first, by_hand, for_occasion=True)
    kept = session.scalars(select(Interaction)).one()
    assert (kept.status, kept.type, kept.occasion) == ("seen", Kind.GREET, first.occasion)
    assert (kept.message, kept.created_at, kept.action_id) == (by_hand.text, now, None)
    closed = gates.find_closed_gate(session, second)
    assert closed is not None
    assert closed.reason is Reason.ONE_VOICE
    earlier = replace(by_hand, text="How are you?")
    interactions.record_message_by_hand(session, first, earlier, for_occasion=False)
    assert set(session.scalars(select(Interaction.occasion))) == {first.occasion, f"by_hand:{now.date()}"}
    epoch = session.scalars(select(QuotaEpoch.epoch)).one()
    long_ago = ThreadMessage(outgoing=True, text="Hello", at=now - timedelta(days=8))
    interactions.record_message_by_hand(session, first, long_ago, for_occasion=False)
    session.expire_all()
    assert (
        session.scalars(select(QuotaEpoch.epoch)).one() == epoch
    )  # it is not counted in any window any more
    with pytest.raises(ValueError, match="without a time"):
        interactions.record_message_by_hand(session, first, replace(by_hand, at=None), for_occasion=True)
    assert set(interactions.list_our_texts_to(session, first.contact_id)) == {"Hi!"}
