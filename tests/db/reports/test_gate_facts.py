"""`rapport why` shows every gate with its fact, and agrees with the gates and the dispatcher."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from api_stub.explain.gates import build_gates
from api_stub.explain.next_step import NextStep, find_next_step
from db.store.actions import control, lifecycle, plans
from db.store.actions.claims import Claim
from db.store.actions.gates import ClosedGate, find_closed_gate
from db.store.campaigns import campaigns, schedules
from db.store.kill_switch import pull_kill_switch
from db.store.people import accounts, contacts, lookup
from db.store.reports import gate_facts, overview
from db.tables import Contact
from tests.builders import a_campaign, a_contact, action, add_planned, an_account, database_now
from tests.db.helpers import LEASE, claim_action, queue_due_actions, run_without_triggers
from tests.db.reports.why_helpers import ANN, PLENTY, closed_gates, find_gate, one_planned, quota_reading
from worker.errors import Reason
from worker.rules.model import ActionState, CampaignKind, ContactStatus, Kind
from worker.rules.quota.model import Remaining

S = ActionState


def test_an_action_whose_gates_are_open_has_its_turn_now(session: Session) -> None:
    _, facts = one_planned(session)
    assert closed_gates(facts) == []
    assert find_next_step(facts, PLENTY) == NextStep("Ann is greeted", facts.now, earliest=True)
    assert [g.name for g in build_gates(facts, PLENTY)] == [
        "kill switch", "account", "sign-in", "one at a time", "do-not-contact", "connection",
        "last greeted", "one message a day", "campaign", "lease", "time", "tries",
        "pause", "working hours", "breaker", "gap", "greet, run", "greet, day", "greet, 7 days",
        "all kinds, day", "all kinds, 7 days", "warm-up",
    ]  # fmt: skip
    assert find_gate(facts, "tries").says == "0 so far; 0 of 5 failures, 0 of 2 checks that found nothing"
    assert find_gate(facts, "greet, day").says.startswith("9995 used, 5 left of 10000; resets at ")


def disconnect(session: Session, claim: Claim) -> None:
    session.execute(update(Contact).values(status=ContactStatus.NOT_CONNECTED))


def expire(session: Session, claim: Claim) -> None:
    yesterday = database_now(session).date() - timedelta(days=1)
    action(session, claim.action_id).expires_on = yesterday
    session.flush()


CLOSES: dict[Reason, tuple[Callable[[Session, Claim], object], str, str]] = {
    Reason.KILL_SWITCH: (
        lambda s, _: pull_kill_switch(s, "ops@host"), "kill switch", "rapport resume-everything"
    ),
    Reason.ACCOUNT_PAUSED: (
        lambda s, c: control.pause_account(s, c.account_id), "account", "rapport account resume demo"
    ),
    Reason.CHALLENGE: (
        lambda s, c: accounts.stop_account(s, c.account_id, Reason.CHALLENGE),
        "account",
        "account sign-in demo",
    ),
    Reason.DO_NOT_CONTACT: (
        lambda s, c: contacts.set_do_not_contact(s, c.account_id, ANN, value=True, by="tests"),
        "do-not-contact",
        "skipped when it is due",
    ),
    Reason.NOT_CONNECTED: (disconnect, "connection", "skipped when it is due"),
    Reason.EXPIRED: (expire, "last day", "its last day has passed"),
    Reason.CAMPAIGN_PAUSED: (
        lambda s, c: control.pause_campaign(s, c.campaign_id), "campaign", "rapport campaign resume"
    ),
}  # fmt: skip


@pytest.mark.parametrize("reason", CLOSES)
def test_what_closes_the_gate_before_the_effect_is_the_one_closed_gate_of_the_answer(
    session: Session, reason: Reason
) -> None:
    close, name, says = CLOSES[reason]
    action_id, _ = one_planned(session)
    queue_due_actions(session)
    claim = claim_action(session, action_id)
    close(session, claim)
    assert find_closed_gate(session, claim) == ClosedGate(reason)
    assert lifecycle.replan_action(session, claim, reason=reason, detail="a gate closed")
    session.expire_all()
    facts = gate_facts.get_action_facts(session, action_id)
    skipped_in_turn = reason in {Reason.DO_NOT_CONTACT, Reason.NOT_CONNECTED, Reason.EXPIRED}
    assert queue_due_actions(session) == ([action_id] if skipped_in_turn else [])
    assert closed_gates(facts) == [name]
    assert says in find_next_step(facts, PLENTY).what


def test_a_cancelled_campaign_says_that_nothing_more_is_sent(session: Session) -> None:
    action_id, facts = one_planned(session)
    assert facts.action is not None
    assert control.cancel_campaign(session, facts.action.campaign_id) == 1
    session.expire_all()
    ended = gate_facts.get_action_facts(session, action_id)
    run_without_triggers(session, "update actions set state = 'planned'")
    session.expire_all()
    stray = gate_facts.get_action_facts(session, action_id)
    assert queue_due_actions(session) == [action_id]  # so that the gate skips it, with the reason
    assert find_next_step(ended, PLENTY).what == (
        f"nothing; the birthday {ended.now.year} ended as skipped (its campaign was cancelled)"
    )
    assert "campaign" in closed_gates(stray)
    assert "its campaign was cancelled" in find_next_step(stray, PLENTY).what


def test_waiting_says_until_when_and_why(session: Session) -> None:
    action_id, facts = one_planned(session)
    row = action(session, action_id)
    until = row.not_before + timedelta(hours=3)
    row.reason, row.not_before = Reason.GAP, until
    session.flush()
    facts = gate_facts.get_action_facts(session, action_id)
    assert closed_gates(facts) == ["time"]
    assert "the gap between two actions" in find_gate(facts, "time").says
    assert find_next_step(facts, PLENTY).at == until


def test_one_at_a_time_names_who_is_under_way_and_whose_turn_is_first(session: Session) -> None:
    first, facts = one_planned(session)
    account = accounts.get_account(session, facts.account.id)
    second = add_planned(session, account, a_contact(session, account, "bob"))
    action(session, first).not_before -= timedelta(minutes=1)
    session.flush()
    waiting = gate_facts.get_action_facts(session, second)
    assert "after Ann" in find_next_step(waiting, PLENTY).what
    assert queue_due_actions(session) == [first]
    queued = gate_facts.get_action_facts(session, first)
    claim_action(session, first, "worker 7")
    session.expire_all()
    held, behind = gate_facts.get_action_facts(session, first), gate_facts.get_action_facts(session, second)
    whole = gate_facts.get_account_facts(session, account.id)
    assert "waits for a worker until" in find_gate(queued, "one at a time").says
    assert closed_gates(held) == []
    assert held.action is not None
    assert find_next_step(held, PLENTY).at == held.action.lease_until
    assert closed_gates(behind) == ["one at a time"]
    assert "Ann is claimed, held by worker 7" in find_gate(behind, "one at a time").says
    assert "Ann, claimed" in find_next_step(whole, PLENTY).what
    assert whole.counts == {S.PLANNED: 1, S.CLAIMED: 1}


def test_of_several_that_are_due_at_once_the_next_one_is_the_dispatcher_s(session: Session) -> None:
    account = an_account(session)
    ids = sorted(add_planned(session, account, a_contact(session, account, f"p{n}")) for n in range(3))
    for late in ids[:-1]:  # today's birthday goes first, whatever its id
        action(session, late).occasion_on -= timedelta(days=1)
    session.flush()
    upcoming = gate_facts.get_account_facts(session, account.id).upcoming
    assert upcoming is not None
    assert [upcoming.id] == queue_due_actions(session) == ids[-1:]


def test_what_may_have_happened_is_looked_at_though_its_campaign_is_paused(session: Session) -> None:
    action_id, facts = one_planned(session)
    queue_due_actions(session)
    claim = claim_action(session, action_id)
    lifecycle.write_intent(session, claim)
    lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="no bubble", wait=LEASE)
    assert control.pause_campaign(session, claim.campaign_id)
    session.expire_all()
    facts = gate_facts.get_action_facts(session, action_id)
    whole = gate_facts.get_account_facts(session, claim.account_id)
    assert closed_gates(facts) == ["time"]
    denied = quota_reading(Remaining(0, 0, 0, 0, 0), Reason.DAY_LIMIT, facts.now + timedelta(days=1))
    for step in (find_next_step(facts, PLENTY), find_next_step(whole, denied)):
        assert step.what == "a worker checks whether it reached Ann"
        assert step.at == facts.now + LEASE


def test_what_a_person_must_settle_says_how(session: Session) -> None:
    action_id, facts = one_planned(session)
    run_without_triggers(session, "update actions set state = 'needs_review', reason = 'cannot_tell'")
    session.expire_all()
    facts = gate_facts.get_action_facts(session, action_id)
    whole = gate_facts.get_account_facts(session, facts.account.id)
    run_without_triggers(session, "update actions set state = 'proposed'")
    session.expire_all()
    proposed = gate_facts.get_action_facts(session, action_id)
    assert f"rapport actions settle {action_id} done|again|skip" in find_next_step(facts, PLENTY).what
    assert find_next_step(whole, PLENTY).what == "1 action waits for a person: `rapport actions review`"
    assert find_next_step(proposed, PLENTY).what == "a person approves it: `rapport review`"


def test_an_account_with_nothing_open_tells_its_next_schedule_or_that_there_is_none(
    session: Session,
) -> None:
    account = an_account(session)
    idle = gate_facts.get_account_facts(session, account.id)
    at = database_now(session) + timedelta(days=1)
    schedules.save_schedule(
        session, account_id=account.id, kind=CampaignKind.BIRTHDAY, cron="0 9 * * *", options={},
        next_fire_at=at,
    )  # fmt: skip
    scheduled = gate_facts.get_account_facts(session, account.id)
    assert closed_gates(idle) == ["sign-in"]
    assert "`rapport account sign-in demo`" in find_next_step(idle, PLENTY).what
    idle, scheduled = (replace(f, account=replace(f.account, signed_in=True)) for f in (idle, scheduled))
    assert "no schedule is set" in find_next_step(idle, PLENTY).what
    assert "greet, run" not in [g.name for g in build_gates(idle, PLENTY)]
    assert find_next_step(scheduled, PLENTY).at == at


def test_an_account_whose_campaigns_all_wait_says_so_and_the_kill_switch_first(session: Session) -> None:
    _, facts = one_planned(session)
    assert facts.action is not None
    control.pause_campaign(session, facts.action.campaign_id)
    paused = gate_facts.get_account_facts(session, facts.account.id)
    pull_kill_switch(session, "ops@host")
    stopped = gate_facts.get_account_facts(session, facts.account.id)
    assert find_next_step(paused, PLENTY).what == (
        "a person resumes a campaign: `rapport campaign list` shows them"
    )
    assert "resume-everything" in find_next_step(stopped, PLENTY).what
    assert "by ops@host" in find_gate(stopped, "kill switch").says


def test_a_contact_tells_their_open_action_before_those_that_ended(session: Session) -> None:
    account = an_account(session)
    ann, bob = a_contact(session, account, "ann"), a_contact(session, account, "bob")
    campaign = campaigns.find_campaign(session, a_campaign(session, account))
    assert campaign is not None
    old, late, young = (
        plans.PlannedAction(ann.id, f"birthday:{year}", date(year, 1, 3), "Hi", reason=reason)
        for year, reason in (
            (2026, Reason.DO_NOT_CONTACT), (2027, None), (2028, Reason.DO_NOT_CONTACT)
        )
    )  # fmt: skip
    plans.insert_plan(session, campaign, Kind.GREET, [old, young])
    ended = gate_facts.get_contact_facts(session, ann.id)
    plans.insert_plan(session, campaign, Kind.GREET, [late])
    still_open = gate_facts.get_contact_facts(session, ann.id)
    nothing = gate_facts.get_contact_facts(session, bob.id)
    assert ended.action is not None
    assert ended.action.id == young.id
    assert still_open.action is not None
    assert still_open.action.id == late.id
    assert find_next_step(nothing, PLENTY) == NextStep("nothing is planned for this person")
    assert nothing.contact is not None
    assert find_gate(nothing, "last greeted").says == "never"


def test_nobody_is_found_by_a_wrong_id(session: Session) -> None:
    with pytest.raises(NoResultFound):
        gate_facts.get_account_facts(session, 1)
    with pytest.raises(NoResultFound):
        gate_facts.get_contact_facts(session, 1)
    with pytest.raises(NoResultFound):
        gate_facts.get_action_facts(session, uuid4())


def test_a_person_is_found_by_address_slug_or_name_and_an_action_by_its_first_digits(
    session: Session,
) -> None:
    one, two = an_account(session, "one"), an_account(session, "two")
    ann = a_contact(session, one, "ann", name="Ann O'Neil")
    a_contact(session, two, "ann", name="Ann 100%")
    joann = a_contact(session, one, "jo_ann", name="ANN O'NEIL")
    action_id = add_planned(session, one, ann)

    def found(given: str, account: str | None = None) -> list[tuple[str, str]]:
        people = lookup.find_contacts(session, given, account=account).people
        return [(person.account, person.profile_url) for person in people]

    assert found(ANN) == found("ann") == found(ANN.rstrip("/")) == [("one", ANN), ("two", ANN)]
    assert found("ann", "two") == [("two", ANN)]
    assert {url for _, url in found("ann o'neil")} == {ANN, joann.profile_url}
    assert found("jo_ann") == [("one", joann.profile_url)]
    assert found("joXann") == found("%") == []
    for given in (str(action_id), str(action_id)[:8].upper(), action_id.hex):
        assert overview.find_action_ids(session, given) == [action_id]
    for given in ("", "x", "-", action_id.hex + "0"):
        assert overview.find_action_ids(session, given) == []


def test_while_the_inbox_is_read_the_dispatcher_waits_and_why_says_so(session: Session) -> None:
    action_id, facts = one_planned(session)
    assert closed_gates(facts) == []
    session.execute(text("update accounts set inbox_lease_until = now() + interval '3 minutes'"))
    assert queue_due_actions(session) == []
    facts = gate_facts.get_action_facts(session, action_id)
    assert closed_gates(facts) == ["one at a time"]
    says = find_gate(facts, "one at a time").says
    assert says.startswith("a worker reads the inbox, or a command the site's pages, until")
    assert find_next_step(facts, PLENTY).at == facts.now + timedelta(minutes=3)
    session.execute(text("update accounts set inbox_lease_until = now()"))
    assert closed_gates(gate_facts.get_action_facts(session, action_id)) == []
    assert queue_due_actions(session) == [action_id]
