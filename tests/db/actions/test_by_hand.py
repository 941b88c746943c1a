"""Messages that the owner wrote by hand are distinguished from Rapport's, and each counts once."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.store.actions import interactions
from db.store.actions.claims import Claim
from db.tables import Interaction, QuotaEpoch
from tests.builders import a_contact, add_planned, an_account, database_now
from tests.db.helpers import claim_action, queue_due_actions
from worker.rules.model import Kind, ThreadMessage


def a_claim(session: Session, name: str = "demo") -> Claim:
    account = an_account(session, name)
    action_id = add_planned(session, account, a_contact(session, account, "ann"), text="planned")
    assert queue_due_actions(session) == [action_id]
    return claim_action(session, action_id)


def seen(session: Session, claim: Claim, at: datetime, words: str = "Dear Ann") -> None:
    message = ThreadMessage(outgoing=True, text=words, at=at)
    interactions.record_message_by_hand(session, claim, message, for_occasion=False)


def kept(session: Session, claim: Claim, message: str, **values: object) -> None:
    row = Interaction(
        account_id=claim.account_id, contact_id=claim.contact_id, source_key=f"v1:{message}",
        type=Kind.GREET, status="imported", occasion="x", message=message, correlation_id="test",
    )  # fmt: skip
    for name, value in values.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()


def test_the_same_words_on_two_days_or_to_two_people_are_two_messages(session: Session) -> None:
    claim = a_claim(session)
    bob = a_contact(session, an_account(session), "bob")
    to_bob = replace(claim, person_id=bob.id)
    now = database_now(session)
    for at in (now, now, now - timedelta(days=1)):
        seen(session, claim, at)
    seen(session, to_bob, now)
    counts = session.execute(
        select(Interaction.contact_id, func.count()).group_by(Interaction.contact_id)
    ).all()
    assert {row[0]: row[1] for row in counts} == {claim.contact_id: 2, bob.id: 1}


def test_a_message_by_hand_of_this_week_lets_the_counters_be_rebuilt(session: Session) -> None:
    claim = a_claim(session)
    now = database_now(session)

    def epochs() -> list[int]:
        session.expire_all()
        return list(
            session.scalars(select(QuotaEpoch.epoch).where(QuotaEpoch.account_id == claim.account_id))
        )

    before = epochs()
    seen(session, claim, now - timedelta(days=7))
    assert epochs() == before  # it is not counted in any window
    seen(session, claim, now - timedelta(days=7) + timedelta(seconds=1), "How are you?")
    after = epochs()
    assert after != before
    seen(session, claim, now - timedelta(days=7) + timedelta(seconds=1), "How are you?")
    assert epochs() == after  # it was known


def test_only_greetings_of_that_time_are_texts_that_a_person_had(session: Session) -> None:
    claim, other = a_claim(session), a_claim(session, "other")
    since = database_now(session) - timedelta(days=700)
    kept(session, claim, "at the edge", created_at=since)
    kept(session, claim, "before", created_at=since - timedelta(microseconds=1))
    kept(session, claim, "a visit", type=Kind.VISIT)
    kept(session, claim, "newer")
    kept(session, other, "another's")
    assert interactions.list_greetings_to(session, claim.contact_id, since=since) == ["at the edge", "newer"]


def test_what_we_sent_or_may_have_sent_is_not_by_hand(session: Session) -> None:
    claim, other = a_claim(session), a_claim(session, "other")
    kept(session, claim, "imported")
    kept(session, other, "another's")
    add_planned(
        session,
        an_account(session, "other"),
        a_contact(session, an_account(session, "other"), "bob"),
        text="to bob",
    )
    seen(session, claim, database_now(session), "by hand")
    assert set(interactions.list_our_texts_to(session, claim.contact_id)) == {"planned", "imported"}
