"""What a claim may do to its action, and for how long; the state of the action if the claim is lost."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from db.store.actions import claims, control, lifecycle, plans
from db.store.actions.claims import Claim
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns
from db.tables import Contact, Search
from tests.builders import (
    a_contact,
    a_search,
    action,
    add_planned,
    an_account,
    contact_by_slug,
    database_now,
    found,
)
from tests.db.actions.claim_helpers import a_claim, lapse
from tests.db.helpers import (
    LEASE,
    claim_action,
    make_due,
    queue_due_actions,
    run_without_triggers,
)
from worker.errors import Reason
from worker.rules.model import ActionState, Kind

S = ActionState
HOUR = timedelta(hours=1)


def test_a_claim_holds_its_action_for_the_lease_that_was_asked_for(session: Session) -> None:
    account = an_account(session)
    action_id = add_planned(session, account, a_contact(session, account, "ann"))
    assert queue_due_actions(session) == [action_id]
    assert action(session, action_id).lease_until == database_now(session) + LEASE
    claim = claims.claim_action(session, action_id, owner="w", lease=HOUR)
    assert claim is not None
    row = action(session, action_id)
    assert (row.lease_owner, row.lease_until) == ("w", database_now(session) + HOUR)
    assert (claim.attempt, claim.looking) == (1, False)


def test_a_claim_takes_one_action_and_only_one_that_was_sent_for(session: Session) -> None:
    ids = []
    for name in ("one", "two"):
        account = an_account(session, name)
        ids.append(add_planned(session, account, a_contact(session, account, "ann")))
    assert set(queue_due_actions(session)) == set(ids)
    claim_action(session, ids[0])
    assert [action(session, each).state for each in ids] == [S.CLAIMED, S.QUEUED]
    free = "update actions set state = :state, lease_owner = null, reason = 'cannot_tell' where id = :id"
    for state in S:
        run_without_triggers(session, free, state=state, id=ids[1])
        taken = claims.claim_action(session, ids[1], owner="w", lease=LEASE)
        assert (taken is not None) == (state in {S.QUEUED, S.UNCERTAIN})
        session.expire_all()


def test_only_its_holder_extends_a_lease(session: Session) -> None:
    first = a_claim(session)
    until = database_now(session) + HOUR
    assert claims.extend_lease(session, first, HOUR)
    assert action(session, first.action_id).lease_until == until
    lapse(session)
    assert not claims.extend_lease(session, first, HOUR)
    assert action(session, first.action_id).lease_until is None
    queue_due_actions(session)  # queued for another worker, with the same attempt
    assert not claims.extend_lease(session, first, HOUR)
    second = claim_action(session, first.action_id, "second")
    assert not claims.extend_lease(session, first, HOUR)
    assert action(session, first.action_id).lease_until == database_now(session) + LEASE
    assert claims.extend_lease(session, second, HOUR)


def test_what_one_claim_does_leaves_every_other_action_alone(session: Session) -> None:
    claim, other = a_claim(session), a_claim(session, "other")
    assert claims.extend_lease(session, claim, HOUR)
    assert action(session, other.action_id).lease_until == database_now(session) + LEASE
    assert lifecycle.write_intent(session, claim)
    assert action(session, other.action_id).state == S.CLAIMED
    assert lifecycle.write_intent(session, other)
    assert lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="", wait=timedelta(0))
    assert action(session, other.action_id).state == S.ACTING


def reworded(session: Session, claim: Claim) -> bool:
    today = database_now(session).date()
    lifecycle.reword_action(session, claim, message="Late, but", worded_for=today)
    row = action(session, claim.action_id)
    assert (row.worded_for == today) is (row.message == "Late, but")
    return row.message == "Late, but"


def test_only_its_holder_words_an_action_anew_and_only_before_the_intent(session: Session) -> None:
    first, other = a_claim(session), a_claim(session, "other")
    lapse(session)
    queue_due_actions(session)
    second = claim_action(session, first.action_id, "second")
    assert not reworded(session, first)
    assert lifecycle.write_intent(session, second)
    assert not reworded(session, second)
    run_without_triggers(session, "update actions set state = 'claimed', attempt = 2")
    assert reworded(session, second)
    assert action(session, other.action_id).message == "Hi!"


def test_what_a_person_approves_is_not_worded_anew(session: Session) -> None:
    claim = a_claim(session)
    session.execute(text("update actions set needs_approval = true, approval = 'given'"))
    assert not reworded(session, claim)


def test_an_intent_says_when_and_in_which_attempt(session: Session) -> None:
    claim = a_claim(session)
    assert not lifecycle.has_acted(session, claim)
    assert lifecycle.write_intent(session, claim)
    row = action(session, claim.action_id)
    assert (row.acting_since, row.acting_attempt) == (database_now(session), claim.attempt)
    other = a_claim(session, "other")
    assert lifecycle.has_acted(session, claim)
    assert not lifecycle.has_acted(session, other)
    assert [lifecycle.count_openings(session, one.action_id) for one in (claim, other)] == [1, 0]


def test_a_doubt_waits_before_it_is_looked_at_and_starts_its_looks_anew(session: Session) -> None:
    claim = a_claim(session)
    assert lifecycle.write_intent(session, claim)
    session.execute(text("update actions set looks = 1"))
    until = database_now(session) + HOUR
    assert lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="", wait=HOUR)
    row = action(session, claim.action_id)
    assert (row.not_before, row.looks) == (until, 0)
    make_due(session)
    queue_due_actions(session)
    looking = claim_action(session, claim.action_id)
    assert lifecycle.schedule_next_look(
        session, looking, reason=Reason.PROOF_MISSING, detail="", wait=2 * HOUR, absent=True
    )
    row = action(session, claim.action_id)
    assert (row.not_before, row.looks) == (until + HOUR, 1)
    make_due(session)
    queue_due_actions(session)
    assert lifecycle.replan_absent(session, claim_action(session, claim.action_id), detail="")
    row = action(session, claim.action_id)
    assert (row.not_before, row.looks) == (database_now(session), 0)


def test_a_record_moves_the_date_of_the_last_greeting_forward_only_and_only_for_a_greeting(
    session: Session,
) -> None:
    claim, visit = a_claim(session), a_claim(session, "other", kind=Kind.VISIT)
    younger = claim.occasion_on + timedelta(days=40)
    session.execute(
        update(Contact).where(Contact.account_id == claim.account_id).values(last_greeted_on=younger)
    )
    for one in (claim, visit):
        assert lifecycle.write_intent(session, one)
        assert lifecycle.record_effect(session, one, status="sent", text="Hi!", screenshot=None)
    rows = session.execute(select(Contact.account_id, Contact.last_greeted_on))
    dates = {row.account_id: row.last_greeted_on for row in rows}
    assert dates == {claim.account_id: younger, visit.account_id: None}


def test_the_last_greeting_is_the_day_of_sending_in_the_account_s_zone_and_not_the_birthday(
    session: Session,
) -> None:
    recorded, settled = a_claim(session), a_claim(session, "other")
    session.execute(text("update accounts set time_zone = 'Pacific/Kiritimati'"))  # 14 hours ahead
    sent = datetime(2026, 11, 28, 11, tzinfo=UTC)
    for one in (recorded, settled):
        assert lifecycle.write_intent(session, one)
    run_without_triggers(
        session, "update actions set acting_since = :sent, occasion_on = '2026-11-26'", sent=sent
    )
    here = replace(recorded, zone=ZoneInfo("Pacific/Kiritimati"))
    assert lifecycle.record_effect(session, here, status="sent", text="Hi!", screenshot=None)
    run_without_triggers(
        session,
        "update actions set state = 'needs_review', reason = 'cannot_tell' where id = :id",
        id=settled.action_id,
    )
    assert control.settle_by_hand(session, settled.action_id, S.DONE)
    session.expire_all()
    assert set(session.scalars(select(Contact.last_greeted_on))) == {date(2026, 11, 29)}


def test_a_page_that_ends_ends_its_search_unless_its_campaign_was_cancelled(session: Session) -> None:
    account = an_account(session)
    campaign_id, _ = a_search(session, account, found("ann"))
    campaign = campaigns.find_campaign(session, campaign_id)
    assert campaign is not None
    for number, (reason, ended) in enumerate(
        ((Reason.CAMPAIGN_CANCELLED, None), (Reason.SITE_UNEXPECTED, "failed"))
    ):
        page = PlannedAction(None, f"page:{number}", database_now(session).date(), "")
        assert plans.insert_plan(session, campaign, Kind.COLLECT, [page]) == 1
        assert queue_due_actions(session) == [page.id]
        claim = claim_action(session, page.id)
        stale = replace(claim, attempt=claim.attempt + 1)
        assert not lifecycle.end_action(session, stale, S.FAILED, reason=Reason.SITE_UNEXPECTED, detail="")
        assert session.scalars(select(Search.ended)).one() is None
        assert lifecycle.end_action(session, claim, S.SKIPPED, reason=reason, detail="")
        assert session.scalars(select(Search.ended)).one() == ended


def review(session: Session, name: str, kind: Kind) -> Claim:
    """Leave an action to a person."""
    claim = a_claim(session, name, kind=kind)
    assert lifecycle.write_intent(session, claim)
    wait = timedelta(days=1)
    assert lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="", wait=wait)
    tried = "update actions set state = 'needs_review', looks = 2, failures = 3 where state = 'uncertain'"
    run_without_triggers(session, tried)
    session.expire_all()
    return claim


@pytest.mark.parametrize(
    ("kind", "state", "greeted"),
    [
        (Kind.GREET, S.DONE, True),
        (Kind.GREET, S.SKIPPED, False),
        (Kind.GREET, S.PLANNED, False),
        (Kind.WITHDRAW, S.DONE, False),
    ],
)
def test_a_person_s_word_counts_as_a_greeting_only_where_one_was_sent(
    session: Session, kind: Kind, state: S, *, greeted: bool
) -> None:
    claim, other = review(session, "demo", kind), review(session, "other", kind)
    assert control.settle_by_hand(session, claim.action_id, state)
    session.expire_all()
    row = action(session, claim.action_id)
    account = an_account(session)
    date = contact_by_slug(session, account, "ann").last_greeted_on
    assert contact_by_slug(session, an_account(session, "other"), "ann").last_greeted_on is None
    assert date == (claim.occasion_on if greeted else None)
    again = state is S.PLANNED
    assert (row.acting_since is None, row.not_before == database_now(session)) == (again, again)
    assert (row.looks, row.failures) == ((0, 0) if again else (2, 3))
    assert action(session, other.action_id).state == S.NEEDS_REVIEW
    assert not control.settle_by_hand(session, claim.action_id, S.DONE)


def test_a_move_that_is_not_listed_is_an_error(session: Session) -> None:
    claim = a_claim(session)
    for state in (S.DONE, S.QUEUED, S.PROPOSED):
        with pytest.raises(ValueError, match="cannot move"):
            lifecycle.end_action(session, claim, state, reason=Reason.UNEXPECTED, detail="")
