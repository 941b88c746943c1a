"""Pause, resume, cancel and the kill switch: what stops, what continues, and the output."""

from datetime import timedelta

import pytest

from db.engine import Database
from db.store.actions import events, lifecycle
from db.store.people import accounts
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests.builders import a_campaign, an_account
from tests.cli.conftest import Rapport
from tests.cli.plans import a_plan, due, state
from tests.db.helpers import claim_action, queue_due_actions
from worker.errors import Reason
from worker.rules.model import AccountStatus
from worker.settings import Settings


def test_a_paused_campaign_is_not_dispatched_and_goes_on_when_it_is_resumed(
    database: Database, rapport: Rapport
) -> None:
    with database.transaction() as session:
        _, campaign_id, ids = a_plan(session)
        _, _, others = a_plan(session, "other", people=1)
    assert "is paused" in rapport("campaign", "pause", str(campaign_id)[:8])
    assert "a person paused the campaign" in rapport("campaign", "list")
    assert due(database) == others
    assert "is running again" in rapport("campaign", "resume", str(campaign_id))
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
    assert "1 planned action is skipped" in rapport("campaign", "cancel", str(campaign_id))
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
def test_a_campaign_that_is_stopped_while_its_action_is_on_its_way_is_met_at_the_gate(
    database: Database, rapport: Rapport, services: Services, verb: str, ends_as: tuple[Outcome, str, str]
) -> None:
    with database.transaction() as session:
        _, campaign_id, ids = a_plan(session, people=1)
        queue_due_actions(session)

    rapport("campaign", verb, str(campaign_id))
    assert (perform_action(services, ids[0]), *state(database, ids[0])) == ends_as
    assert due(database) == []
    if verb == "pause":
        rapport("campaign", "resume", str(campaign_id))
        assert due(database) == ids


def test_the_kill_switch_stops_every_account_and_what_is_on_its_way(
    database: Database, rapport: Rapport, services: Services
) -> None:
    with database.transaction() as session:
        _, _, (held,) = a_plan(session, people=1)
        queue_due_actions(session)
        a_plan(session, "other")

    assert "everything is stopped, since " in rapport("stop-everything")
    assert perform_action(services, held) is Outcome.POSTPONED
    assert state(database, held) == ("planned", "kill_switch")
    assert due(database) == []
    assert "by ops@host" in rapport("stop-everything", "--by", "somebody else")  # the first counts
    assert rapport("resume-everything") == "everything is running again\n"
    assert "the kill switch was not on" in rapport("resume-everything")
    assert len(due(database)) == 2


def test_the_switch_names_who_is_given(rapport: Rapport) -> None:
    for by in ("", " ", "Ann\nops", "Ann\N{RIGHT-TO-LEFT OVERRIDE}", "Ann\x9b", "x" * 201):
        assert "isn't a valid --by" in rapport.refused("stop-everything", "--by", by)
    assert rapport("resume-everything").startswith("the kill switch was not on")
    assert "by Ann [ops]" in rapport("stop-everything", "--by", "Ann [ops]")


def test_an_account_is_paused_and_resumed_and_a_stopped_one_is_not(
    database: Database, rapport: Rapport
) -> None:
    with database.transaction() as session:
        account, _, ids = a_plan(session, people=1)
    assert "is paused" in rapport("account", "pause", "demo")
    assert due(database) == []
    assert "paused (a person paused the account)" in rapport("account", "list")
    assert "there is nothing to pause" in rapport.refused("account", "pause", "demo")
    rapport("account", "resume", "demo")
    assert due(database) == ids
    assert "there is nothing to resume" in rapport.refused("account", "resume", "demo")
    with database.transaction() as session:
        accounts.stop_account(session, account.id, Reason.CHALLENGE)
    for verb, says in (("resume", "rapport account sign-in demo"), ("pause", "there is nothing to pause")):
        assert says in rapport.refused("account", verb, "demo")
    with database.transaction() as session:
        assert accounts.get_account(session, account.id).status is AccountStatus.STOPPED
    assert "no account called 'nobody'" in rapport.refused("account", "pause", "nobody")
