"""Gates right before an effect: for each, something has changed since the action was planned."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import gates, interactions, lifecycle, plans
from db.store.actions.claims import Claim
from db.store.actions.gates import ClosedGate
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns
from db.store.kill_switch import pull_kill_switch
from db.tables import Account, Action, Campaign, Contact, Exclusion, Interaction
from tests.builders import SANDBOX, a_campaign, a_contact, action, an_account, database_now
from tests.db.helpers import claim_action, open_database, queue_due_actions, run_without_triggers
from worker.errors import Reason
from worker.rules.model import AccountStatus, ActionState, CampaignState, ContactStatus, Kind, ThreadMessage
from worker.rules.quota.windows import Hours, local_day

S = ActionState
INDIA = "Asia/Kolkata"
"""A zone whose days never begin with those of UTC."""


def a_claim(session: Session, account: str = "one", *, kind: Kind = Kind.GREET, zone: str = "UTC") -> Claim:
    """Claim an action for Ann."""
    owner = an_account(session, account, zone=zone)
    campaign = campaigns.find_campaign(session, a_campaign(session, owner))
    assert campaign is not None
    session.execute(update(Campaign).values(options={"no_repeat_days": 30}))
    today = database_now(session).date()
    draft = PlannedAction(a_contact(session, owner, "ann").id, f"birthday:{today.year}", today, "Hi!")
    assert plans.insert_plan(session, campaign, kind, [draft]) == 1
    assert queue_due_actions(session) == [draft.id]
    return claim_action(session, draft.id)


def elsewhere(now: datetime) -> str:
    """Return a zone where it is another day than in UTC."""
    return "Pacific/Kiritimati" if now.hour >= 10 else "Pacific/Niue"


def test_who_was_forgotten_while_a_worker_holds_their_action_is_left_alone(session: Session) -> None:
    claims = [a_claim(session, kind, kind=kind) for kind in (Kind.GREET, Kind.VISIT, Kind.WITHDRAW)]
    forgotten = "update contacts set forgotten_at = now(), profile_url = 'forgotten:' || id"
    run_without_triggers(session, forgotten)
    for claim in claims:
        assert gates.find_closed_gate(session, claim) == ClosedGate(Reason.FORGOTTEN)
    assert Reason.FORGOTTEN in gates.SKIP_REASONS


def test_an_invitation_of_somebody_to_be_left_alone_is_withdrawn(session: Session) -> None:
    claim = a_claim(session, kind=Kind.WITHDRAW)
    session.execute(update(Contact).values(do_not_contact=True, status=ContactStatus.PROSPECT))
    assert gates.find_closed_gate(session, claim) is None


def test_only_a_connection_is_written_to(session: Session) -> None:
    claim = a_claim(session)
    for status in (ContactStatus.PROSPECT, ContactStatus.NOT_CONNECTED):
        session.execute(update(Contact).values(status=status))
        assert gates.find_closed_gate(session, claim) == ClosedGate(Reason.NOT_CONNECTED)
    assert Reason.NOT_CONNECTED in gates.SKIP_REASONS


def test_a_profile_of_somebody_who_is_no_connection_may_be_visited(session: Session) -> None:
    claim = a_claim(session, kind=Kind.VISIT)
    session.execute(update(Contact).values(status=ContactStatus.PROSPECT))
    assert gates.find_closed_gate(session, claim) is None


def test_what_is_known_of_another_account_or_another_occasion_stops_nobody(session: Session) -> None:
    claim = a_claim(session)
    other = an_account(session, "other")
    contact = session.get_one(Contact, claim.contact_id)
    contact.last_greeted_on = claim.occasion_on - timedelta(days=1)
    session.add_all(
        [
            Exclusion(account_id=other.id, occasion=claim.occasion, profile_url=claim.profile_url),
            Exclusion(account_id=claim.account_id, occasion="birthday:2000", name_key="ann"),
            Exclusion(account_id=claim.account_id, occasion=claim.occasion, name_key="bob"),
            Interaction(
                account_id=claim.account_id, contact_id=contact.id, source_key="v1:1", type=Kind.GREET,
                status="imported", occasion="birthday:2000", message="Hi", correlation_id="test",
                created_at=database_now(session) - timedelta(days=3),
            ),
            Interaction(
                account_id=claim.account_id, contact_id=contact.id, source_key="v1:2", type=Kind.VISIT,
                status="imported", occasion=claim.occasion, message="", correlation_id="test",
            ),
        ]
    )  # fmt: skip
    session.flush()
    assert gates.find_closed_gate(session, claim) is None


CLOSED: dict[str, tuple[Callable[[Session], object], Reason, bool]] = {
    "kill switch": (lambda s: pull_kill_switch(s, "tests"), Reason.KILL_SWITCH, False),
    "account paused": (
        lambda s: s.execute(
            update(Account).values(status=AccountStatus.PAUSED, stop_reason=Reason.ACCOUNT_PAUSED)
        ),
        Reason.ACCOUNT_PAUSED,
        False,
    ),
    "account stopped": (
        lambda s: s.execute(
            update(Account).values(status=AccountStatus.STOPPED, stop_reason=Reason.CHALLENGE)
        ),
        Reason.CHALLENGE,
        False,
    ),
    "campaign paused": (
        lambda s: s.execute(update(Campaign).values(state=CampaignState.PAUSED)),
        Reason.CAMPAIGN_PAUSED,
        False,
    ),
    "campaign cancelled": (
        lambda s: s.execute(update(Campaign).values(state=CampaignState.CANCELLED)),
        Reason.CAMPAIGN_CANCELLED,
        True,
    ),
    "do not contact": (
        lambda s: s.execute(update(Contact).values(do_not_contact=True)),
        Reason.DO_NOT_CONTACT,
        True,
    ),
}


@pytest.mark.parametrize("what", CLOSED)
def test_what_another_process_changes_meanwhile_is_seen_by_a_session_that_read_it_before(
    database: Database, database_url: str, what: str
) -> None:
    close, reason, ends = CLOSED[what]
    with database.transaction() as session:
        claim = a_claim(session)
    with database.transaction() as session:
        known = action(session, claim.action_id)
        seen = (
            session.get(Account, claim.account_id),
            session.get(Campaign, claim.campaign_id),
            session.get(Contact, claim.contact_id),
        )
        assert known is not None
        assert None not in seen
        assert gates.find_closed_gate(session, claim) is None
        with open_database(database_url) as other, other.transaction() as theirs:
            close(theirs)
        assert gates.find_closed_gate(session, claim) == ClosedGate(reason)
    assert (reason in gates.SKIP_REASONS) is ends


def test_the_last_day_is_a_day_of_the_accounts_zone(session: Session) -> None:
    now = database_now(session)
    claim = a_claim(session, zone=elsewhere(now))
    today = now.astimezone(claim.zone).date()
    assert today != now.date()
    for days, closed in ((-1, ClosedGate(Reason.EXPIRED)), (0, None), (1, None)):
        session.execute(update(Action).values(expires_on=today + timedelta(days=days)))
        assert gates.find_closed_gate(session, claim) == closed
    assert Reason.EXPIRED in gates.SKIP_REASONS


def test_hours_are_asked_by_the_clock_of_postgres_and_only_if_they_are_given(session: Session) -> None:
    claim = a_claim(session, zone=INDIA)
    today = database_now(session).astimezone(claim.zone).weekday()
    assert gates.find_closed_gate(session, claim, hours=Hours(days=frozenset({today}))) is None
    shut = Hours(days=frozenset({(today + 3) % 7}))
    assert gates.find_closed_gate(session, claim, hours=shut) == ClosedGate(Reason.OUTSIDE_HOURS)
    assert gates.find_closed_gate(session, claim) is None


def test_the_day_of_one_message_is_a_day_of_the_accounts_zone(session: Session) -> None:
    first, second = a_claim(session, "one"), a_claim(session, "two", zone=INDIA)
    assert lifecycle.write_intent(session, first)
    day = local_day(database_now(session), second.zone)
    for at, closed in (
        (day.start - timedelta(microseconds=1), None),
        (day.start, ClosedGate(Reason.ONE_VOICE, day.end)),
    ):
        session.execute(update(Action).where(Action.id == first.action_id).values(acting_since=at))
        assert gates.find_closed_gate(session, second) == closed


def test_what_may_have_been_sent_from_another_account_counts_as_the_days_message(session: Session) -> None:
    first, second = a_claim(session, "one"), a_claim(session, "two")
    assert lifecycle.write_intent(session, first)
    moved = "update actions set state = :state, reason = 'cannot_tell' where id = :id"
    stops = set()
    for state in S:
        run_without_triggers(session, moved, state=state, id=first.action_id)
        if gates.find_closed_gate(session, second) is not None:
            stops.add(state)
    assert stops == {S.ACTING, S.UNCERTAIN, S.NEEDS_REVIEW, S.DONE}
    assert Reason.ONE_VOICE not in gates.SKIP_REASONS


@pytest.mark.parametrize("source", ["by hand", "imported", "sent"])
def test_a_message_that_is_recorded_is_the_days_message_whoever_wrote_it(
    session: Session, source: str
) -> None:
    first, second = a_claim(session, "one"), a_claim(session, "two")
    now = database_now(session)
    day = local_day(now, ZoneInfo("UTC"))
    if source == "by hand":
        by_hand = ThreadMessage(outgoing=True, text="Dear Ann", at=now)
        interactions.record_message_by_hand(session, first, by_hand, for_occasion=False)
    elif source == "sent":
        assert lifecycle.write_intent(session, first)
        assert lifecycle.record_effect(session, first, status="sent", text="Hi!", screenshot=None)
        session.flush()
        session.execute(update(Action).values(acting_since=None))
    else:
        session.add(
            Interaction(
                account_id=first.account_id, contact_id=first.contact_id, source_key="v1:1",
                type=Kind.GREET, status="imported", occasion="x", message="Hi", correlation_id="test",
            )
        )  # fmt: skip
        session.flush()
    voice = ClosedGate(Reason.ONE_VOICE, day.end)
    assert gates.find_closed_gate(session, second) == voice
    session.execute(update(Interaction).values(created_at=day.start))
    assert gates.find_closed_gate(session, second) == voice
    session.execute(update(Interaction).values(created_at=day.start - timedelta(microseconds=1)))
    assert gates.find_closed_gate(session, second) is None
    session.execute(update(Interaction).values(created_at=day.start, type=Kind.VISIT))
    assert gates.find_closed_gate(session, second) is None


def test_whom_an_account_writes_to_is_told_apart_by_address(session: Session) -> None:
    first, second = a_claim(session, "one"), a_claim(session, "two")
    assert lifecycle.write_intent(session, first)
    assert gates.was_written_to_since(
        session,
        datetime.min.replace(tzinfo=UTC),
        site="sandbox",
        addresses=[f"{SANDBOX}ann/"],
        besides=None,
    )
    known = Contact.id == first.contact_id
    session.execute(update(Contact).where(known).values(profile_url=f"{SANDBOX}bob/"))
    assert gates.find_closed_gate(session, second) is None


def test_a_visit_is_no_message_and_a_message_stops_no_visit(session: Session) -> None:
    visit, greeting = a_claim(session, "one", kind=Kind.VISIT), a_claim(session, "two")
    assert lifecycle.write_intent(session, visit)
    session.add(
        Interaction(
            account_id=greeting.account_id, contact_id=greeting.contact_id, source_key="v1:1",
            type=Kind.VISIT, status="imported", occasion="x", message="", correlation_id="test",
        )
    )  # fmt: skip
    session.flush()
    assert gates.find_closed_gate(session, greeting) is None
    session.execute(update(Action).where(Action.id == visit.action_id).values(acting_since=None))
    assert lifecycle.write_intent(session, greeting)
    assert gates.find_closed_gate(session, visit) is None


def test_a_profile_is_opened_again_only_after_the_days_of_no_repeat(session: Session) -> None:
    claim = a_claim(session, kind=Kind.VISIT)
    edge = database_now(session) - timedelta(days=30)
    second = timedelta(seconds=1)
    session.add(
        Interaction(
            account_id=claim.account_id, contact_id=claim.contact_id, source_key="v1:1", type=Kind.GREET,
            status="imported", occasion="x", message="", correlation_id="test",
        )
    )  # fmt: skip
    session.flush()

    def opened(statement: str, at: datetime, kind: Kind) -> ClosedGate | None:
        run_without_triggers(session, statement, kind=kind, at=at)
        return gates.find_closed_gate(session, claim)

    tried = "update actions set kind = :kind, acting_since = :at"
    recorded = "update interactions set type = :kind, created_at = :at"
    for statement in (tried, recorded):
        assert opened(statement, edge + second, Kind.VISIT) == ClosedGate(Reason.VISITED_LATELY)
        assert opened(statement, edge, Kind.VISIT) is None
        assert opened(statement, edge + timedelta(days=29), Kind.GREET) is None
    assert Reason.VISITED_LATELY in gates.SKIP_REASONS
