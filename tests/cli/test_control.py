"""Pause, resume, cancel and the kill switch: what stops, what goes on, and what is said about it."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import control, events, gates, lifecycle
from db.store.actions.gates import ClosedGate
from db.store.people import accounts, contacts
from db.store.people.accounts import AccountRecord
from db.tables import Campaign
from tasks.actions import perform as performing
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests.builders import SANDBOX, a_campaign, a_contact, action, add_planned, an_account, contact_by_slug
from tests.cli.conftest import Rapport
from tests.db.helpers import claim_action, make_due, queue_due_actions, run_without_triggers
from worker.errors import Reason
from worker.rules.model import AccountStatus, ActionState, CampaignState
from worker.settings import Settings


def a_plan(session: Session, name: str = "demo", people: int = 2) -> tuple[AccountRecord, UUID, list[UUID]]:
    account = an_account(session, name)
    campaign_id = a_campaign(session, account)
    ids = [
        add_planned(session, account, a_contact(session, account, f"p{n}"), campaign_id=campaign_id)
        for n in range(people)
    ]
    session.execute(update(Campaign).values(state=CampaignState.PLANNED))
    return account, campaign_id, ids


def state(database: Database, action_id: UUID) -> tuple[str, str | None]:
    with database.transaction() as session:
        row = action(session, action_id)
        return row.state, row.reason


def due(database: Database) -> list[UUID]:
    with database.transaction() as session:
        return queue_due_actions(session)


def test_a_paused_campaign_is_not_dispatched_and_goes_on_when_it_is_resumed(
    database: Database, rapport: Rapport
) -> None:
    with database.transaction() as session:
        _, campaign_id, ids = a_plan(session)
        _, _, others = a_plan(session, "other", people=1)
    assert "is paused" in rapport("campaign", "pause", str(campaign_id)[:8])
    assert "a person paused the campaign" in rapport("campaign", "list")
    assert due(database) == others
    assert "goes on" in rapport("campaign", "resume", str(campaign_id))
    assert len(due(database)) == 1
    assert {state(database, action_id)[0] for action_id in ids} == {"planned", "queued"}


def test_what_may_have_happened_is_looked_at_in_a_paused_and_in_a_cancelled_campaign(
    database: Database, rapport: Rapport
) -> None:
    with database.transaction() as session:
        _, campaign_id, ids = a_plan(session)
        (first,) = queue_due_actions(session)
        claim = claim_action(session, first)
        lifecycle.write_intent(session, claim)
        soon = timedelta(seconds=-1)
        lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="", wait=soon)
    rapport("campaign", "pause", str(campaign_id))
    assert due(database) == [first]
    with database.transaction() as session:
        looking = claim_action(session, first)
        assert looking.looking
        lifecycle.schedule_next_look(
            session, looking, reason=Reason.PROOF_MISSING, detail="", wait=soon, absent=True
        )
    assert "1 planned actions are skipped" in rapport("campaign", "cancel", str(campaign_id))
    assert due(database) == [first]
    with database.transaction() as session:
        assert lifecycle.record_effect(
            session, claim_action(session, first), status="found", text="Hi!", screenshot=None
        )
    assert due(database) == []
    assert sorted(state(database, action_id) for action_id in ids) == [
        ("done", None),
        ("skipped", "campaign_cancelled"),
    ]


def test_a_cancelled_campaign_drops_what_is_planned_with_the_reason_and_is_over(
    database: Database, rapport: Rapport
) -> None:
    with database.transaction() as session:
        _, campaign_id, ids = a_plan(session, people=3)
    assert "3 planned actions are skipped" in rapport("campaign", "cancel", str(campaign_id))
    assert due(database) == []
    assert {state(database, action_id) for action_id in ids} == {("skipped", "campaign_cancelled")}
    with database.transaction() as session:
        last = events.list_events(session, ids[0])[-1]
        assert (last.reason, last.actor) == (Reason.CAMPAIGN_CANCELLED, "rapport cli ops@host")
    for verb in ("cancel", "pause", "resume"):
        assert "the campaign is cancelled" in rapport.refused("campaign", verb, str(campaign_id))


def test_a_campaign_that_still_reads_can_be_cancelled_but_not_paused(
    database: Database, rapport: Rapport
) -> None:
    with database.transaction() as session:
        campaign_id = a_campaign(session, an_account(session))
    assert "still reads its site" in rapport.refused("campaign", "pause", str(campaign_id))
    assert "must be paused" in rapport.refused("campaign", "resume", str(campaign_id))
    assert "0 planned actions" in rapport("campaign", "cancel", str(campaign_id))


@pytest.fixture
def services(environment: pytest.MonkeyPatch, database: Database) -> Services:
    services = Services(Settings())
    vars(services)["database"] = database
    return services


@pytest.mark.parametrize(
    ("verb", "ends_as"),
    [
        ("cancel", (Outcome.SKIPPED, "skipped", "campaign_cancelled")),
        ("pause", (Outcome.POSTPONED, "planned", "campaign_paused")),
    ],
)
def test_a_campaign_that_is_stopped_while_a_worker_holds_its_action_is_met_at_the_gate(
    database: Database, rapport: Rapport, services: Services, verb: str, ends_as: tuple[Outcome, str, str]
) -> None:
    with database.transaction() as session:
        _, campaign_id, ids = a_plan(session, people=1)
        queue_due_actions(session)

    def meanwhile(point: str) -> None:
        if point == "after_claim":
            rapport("campaign", verb, str(campaign_id))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(performing, "trigger_failpoint", meanwhile)
        assert (perform_action(services, ids[0]), *state(database, ids[0])) == ends_as
    assert due(database) == []
    if verb == "pause":
        rapport("campaign", "resume", str(campaign_id))
        assert due(database) == ids


def test_the_kill_switch_stops_every_account_and_what_a_worker_holds(
    database: Database, rapport: Rapport, services: Services, environment: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        _, _, (held,) = a_plan(session, people=1)
        queue_due_actions(session)
        a_plan(session, "other")

    def meanwhile(point: str) -> None:
        if point == "after_claim":
            assert "everything is stopped, since " in rapport("stop-everything")

    environment.setattr(performing, "trigger_failpoint", meanwhile)
    assert perform_action(services, held) is Outcome.POSTPONED
    assert state(database, held) == ("planned", "kill_switch")
    assert due(database) == []
    assert "by ops@host" in rapport("stop-everything", "--by", "somebody else")  # the first counts
    assert rapport("resume-everything") == "everything goes on\n"
    assert "nothing was stopped" in rapport("resume-everything")
    assert len(due(database)) == 2


def test_the_switch_names_who_is_given(rapport: Rapport) -> None:
    for by in ("", " ", "Ann\nops", "Ann\N{RIGHT-TO-LEFT OVERRIDE}", "Ann\x9b", "x" * 201):
        assert "can't be who stops it" in rapport.refused("stop-everything", "--by", by)
    assert rapport("resume-everything").startswith("nothing was stopped")
    assert "by Ann [ops]" in rapport("stop-everything", "--by", "Ann [ops]")


def test_an_account_is_paused_and_resumed_and_a_stopped_one_is_not(
    database: Database, rapport: Rapport
) -> None:
    with database.transaction() as session:
        account, _, ids = a_plan(session, people=1)
    assert "is paused" in rapport("account", "pause", "demo")
    assert due(database) == []
    assert "paused (a person paused the account)" in rapport("account", "list")
    assert "does nothing already" in rapport.refused("account", "pause", "demo")
    rapport("account", "resume", "demo")
    assert due(database) == ids
    assert "there is nothing to resume" in rapport.refused("account", "resume", "demo")
    with database.transaction() as session:
        accounts.stop_account(session, account.id, Reason.CHALLENGE)
    for verb, says in (("resume", "rapport account sign-in demo"), ("pause", "does nothing already")):
        assert says in rapport.refused("account", verb, "demo")
    with database.transaction() as session:
        assert accounts.get_account(session, account.id).status is AccountStatus.STOPPED
    assert "no account called 'nobody'" in rapport.refused("account", "pause", "nobody")


def for_review(database: Database) -> tuple[UUID, UUID]:
    """One action that a person must settle; its id and its campaign's."""
    with database.transaction() as session:
        _, campaign_id, (action_id,) = a_plan(session, people=1)
        (_,) = queue_due_actions(session)
        claim = claim_action(session, action_id)
        lifecycle.write_intent(session, claim)
        lifecycle.mark_uncertain(
            session, claim, reason=Reason.PROOF_MISSING, detail="", wait=timedelta(seconds=-1)
        )
        queue_due_actions(session)
        looking = claim_action(session, action_id)
        lifecycle.mark_needs_review(session, looking, reason=Reason.CANNOT_TELL, detail="two [bubbles]")
    return action_id, campaign_id


def test_review_lists_what_waits_for_a_person_with_reason_and_detail(
    database: Database, rapport: Rapport
) -> None:
    assert rapport("actions", "review") == "nothing waits for you\n"
    action_id, _ = for_review(database)
    said = rapport("actions", "review", "--account", "demo")
    for part in (
        "P0",
        "nobody but a person can tell",
        "two [bubbles]",
        f"{SANDBOX}p0/",
        "Hi!",
        str(action_id)[:8],
    ):
        assert part in said
    assert rapport("actions", "review", "--account", "other") == "nothing waits for you\n"


def test_settled_as_done_nobody_is_greeted_again_and_no_interaction_is_made_up(
    database: Database, rapport: Rapport
) -> None:
    action_id, _ = for_review(database)
    assert "No interaction is recorded" in rapport("actions", "settle", str(action_id), "done")
    with database.transaction() as session:
        row = action(session, action_id)
        assert (row.state, row.reason) == (ActionState.DONE, Reason.SETTLED_BY_HAND)
        assert row.acting_since is not None  # what may have happened keeps its date for the ledger
        account = accounts.get_account(session, row.account_id)
        assert contact_by_slug(session, account, "p0").last_greeted_on == row.occasion_on
        assert session.execute(text("select count(*) from interactions")).scalar_one() == 0
    assert "only one that needs_review" in rapport.refused("actions", "settle", str(action_id), "skip")


def test_an_older_occasion_settled_late_leaves_the_younger_date(database: Database) -> None:
    action_id, _ = for_review(database)
    with database.transaction() as session:
        row = action(session, action_id)
        younger = row.occasion_on + timedelta(days=40)
        contact = contact_by_slug(session, accounts.get_account(session, row.account_id), "p0")
        contact.last_greeted_on = younger
        session.flush()
        assert control.settle_by_hand(session, action_id, ActionState.DONE)
        session.expire_all()
        assert contact.last_greeted_on == younger


def test_settled_as_again_it_is_due_with_its_counters_fresh(database: Database, rapport: Rapport) -> None:
    action_id, _ = for_review(database)
    assert "planned again: P0" in rapport("actions", "settle", str(action_id)[:8], "again")
    with database.transaction() as session:
        row = action(session, action_id)
        assert (row.state, row.reason) == (ActionState.PLANNED, Reason.SETTLED_BY_HAND)
        assert (row.looks, row.failures, row.acting_since, row.acting_attempt) == (0, 0, None, None)
    assert due(database) == [action_id]


def test_settled_as_skip_it_is_over(database: Database, rapport: Rapport) -> None:
    action_id, _ = for_review(database)
    assert "nothing more is sent to P0" in rapport("actions", "settle", str(action_id), "skip")
    assert state(database, action_id) == ("skipped", "settled_by_hand")
    assert due(database) == []


def test_again_in_a_cancelled_campaign_is_refused_with_the_way_out(
    database: Database, rapport: Rapport
) -> None:
    action_id, campaign_id = for_review(database)
    rapport("campaign", "cancel", str(campaign_id))
    assert "settle it as done or skip" in rapport.refused("actions", "settle", str(action_id), "again")
    assert state(database, action_id)[0] == "needs_review"


def test_a_state_that_no_person_may_choose_is_an_error(database: Database) -> None:
    with database.transaction() as session, pytest.raises(ValueError, match="cannot move"):
        control.settle_by_hand(session, uuid4(), ActionState.ACTING)


def test_do_not_contact_is_said_by_address_slug_or_name(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        account, _, (action_id,) = a_plan(session, people=1)
    assert "P0 (account demo) is never contacted" in rapport("contacts", "do-not-contact", f"{SANDBOX}p0/")
    with database.transaction() as session:
        queue_due_actions(session)
        assert gates.find_closed_gate(session, claim_action(session, action_id)) == ClosedGate(
            Reason.DO_NOT_CONTACT
        )
    assert "may be contacted again" in rapport("contacts", "do-not-contact", "P0", "--off")
    with database.transaction() as session:
        assert not contact_by_slug(session, account, "p0").do_not_contact
    assert "no account knows 'nobody'" in rapport.refused("contacts", "do-not-contact", "nobody")


def test_do_not_contact_holds_for_every_account_but_is_taken_back_for_one(
    database: Database, rapport: Rapport
) -> None:
    with database.transaction() as session:
        one, two = an_account(session, "one"), an_account(session, "two")
        a_contact(session, one, "ann")
        a_contact(session, two, "ann")
        a_contact(session, two, "other-ann", name="ann")
    address = f"{SANDBOX}ann/"
    assert rapport("contacts", "do-not-contact", address).count("never contacted") == 2
    said = rapport.refused("contacts", "do-not-contact", address, "--off")
    assert "of account one" in said
    assert "of account two" in said
    assert "other-ann" in rapport.refused("contacts", "do-not-contact", "ann")
    assert rapport("contacts", "do-not-contact", address, "--off", "--account", "two").count("again") == 1
    with database.transaction() as session:
        (first,) = contacts.find_contacts(session, address, account="one")
        assert first.do_not_contact


def test_an_action_that_is_gone_while_it_is_settled_is_said_to_be(
    database: Database, rapport: Rapport
) -> None:
    with database.transaction() as session:
        _, _, (action_id,) = a_plan(session, people=1)
        run_without_triggers(session, "update actions set state = 'failed', reason = 'too_many_attempts'")
        make_due(session)
    assert "the action is failed" in rapport.refused("actions", "settle", str(action_id), "again")
