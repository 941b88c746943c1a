"""A fault at each step of a withdrawal: what reached the site, what is recorded, and what it costs."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.store.actions import lifecycle, plans
from db.store.actions.claims import Claim
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns
from db.store.kill_switch import pull_kill_switch
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from db.tables import Interaction
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.builders import FREE, SANDBOX
from tests.tasks.action_helpers import an_hour_asleep, perform_next, row, state, stopped_for, used_today
from tests.tasks.scripted_site import ScriptedSite
from worker.errors import NeverError, RapportError, Reason, StopAccountError, TryAgainError
from worker.rules.model import ActionState, CampaignKind, Kind, SentInvitation

ANN, BOB = f"{SANDBOX}ann/", f"{SANDBOX}bob/"

PASSING = TryAgainError(Reason.SITE_UNREACHABLE, "the page went away")
CHALLENGED = StopAccountError(Reason.CHALLENGE, "the site shows a challenge")
OTHERS = NeverError(Reason.WRONG_RECIPIENT, "the question is about another invitation")


@pytest.fixture
def account(without_pages: Services) -> AccountRecord:
    with without_pages.database.transaction() as session:
        account = builders.an_account(session, site="ledger")
        limits.set_limits(session, account.id, Kind.WITHDRAW, FREE, by="tests")
    return account


@pytest.fixture
def withdrawal(without_pages: Services, scripted: ScriptedSite, account: AccountRecord) -> UUID:
    """A withdrawal of the invitation to Ann. Bob is invited, too."""
    campaign_id = uuid4()
    with without_pages.database.transaction() as session:
        today = builders.database_now(session).date()
        scripted.invited = [SentInvitation(url, "", today) for url in (ANN, BOB)]
        campaigns.add_campaign(
            session, campaign_id=campaign_id, account_id=account.id, kind=CampaignKind.INVITATIONS,
            options={}, correlation_id="test",
        )  # fmt: skip
        campaign = campaigns.find_campaign(session, campaign_id)
        assert campaign is not None
        contact = builders.a_contact(session, account, "ann")
        draft = PlannedAction(contact.id, "withdraw:2026-W48", today, "")
        assert plans.insert_plan(session, campaign, Kind.WITHDRAW, [draft]) == 1
    return draft.id


def used(services: Services, account: AccountRecord) -> int:
    return used_today(services, account, Kind.WITHDRAW)


def test_one_is_withdrawn_and_proven_by_the_list(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, withdrawal: UUID
) -> None:
    assert perform_next(without_pages) is Outcome.DONE
    assert scripted.withdrawn == [ANN]
    assert scripted.steps[-2:] == ["list", "picture"]
    with without_pages.database.transaction() as session:
        assert session.scalars(select(Interaction.status)).all() == ["withdrawn"]
    assert used(without_pages, account) == 1


@pytest.mark.parametrize("error", [PASSING, CHALLENGED], ids=lambda error: error.reason)
def test_what_fails_before_the_intent_withdraws_nothing_and_costs_nothing(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, withdrawal: UUID,
    *, error: RapportError,
) -> None:  # fmt: skip
    scripted.fail("find", error)
    assert perform_next(without_pages) is Outcome.POSTPONED
    assert state(without_pages, withdrawal) == (ActionState.PLANNED, error.reason)
    assert stopped_for(without_pages, account) == (error.reason if error is CHALLENGED else None)
    assert scripted.withdrawn == []
    assert used(without_pages, account) == 0


@pytest.mark.parametrize("step", ["withdrawn", "list"])
@pytest.mark.parametrize("error", [PASSING, CHALLENGED, OTHERS], ids=lambda error: error.reason)
def test_what_fails_after_the_intent_is_uncertain_and_its_unit_stays_used(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, withdrawal: UUID,
    *, step: str, error: RapportError,
) -> None:  # fmt: skip
    scripted.fail(step, error)
    assert perform_next(without_pages) is Outcome.UNCERTAIN
    assert state(without_pages, withdrawal) == (ActionState.UNCERTAIN, error.reason)
    assert stopped_for(without_pages, account) == (error.reason if error is CHALLENGED else None)
    assert used(without_pages, account) == 1


def test_one_that_is_still_in_the_list_is_not_withdrawn(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, withdrawal: UUID
) -> None:
    scripted.deaf = True
    assert perform_next(without_pages) is Outcome.UNCERTAIN
    assert state(without_pages, withdrawal) == (ActionState.UNCERTAIN, Reason.PROOF_MISSING)
    assert used(without_pages, account) == 1
    assert [perform_next(without_pages), perform_next(without_pages)] == [
        Outcome.UNCERTAIN,
        Outcome.POSTPONED,
    ]
    assert used(without_pages, account) == 0


def test_a_page_that_asks_for_a_person_while_looking_says_nothing_and_stops_the_account(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, withdrawal: UUID
) -> None:
    scripted.fail("withdrawn", PASSING)
    assert perform_next(without_pages) is Outcome.UNCERTAIN
    scripted.fail("list", CHALLENGED)
    assert perform_next(without_pages) is Outcome.UNCERTAIN
    assert stopped_for(without_pages, account) is Reason.CHALLENGE
    assert row(without_pages, withdrawal).looks == 0


def test_who_slept_before_the_intent_writes_none(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, withdrawal: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    scripted.on("find", an_hour_asleep(monkeypatch))
    assert perform_next(without_pages) is Outcome.POSTPONED
    assert state(without_pages, withdrawal) == (ActionState.PLANNED, Reason.LEASE_LOST)
    assert used(without_pages, account) == 0


def test_who_slept_between_intent_and_click_does_not_click(
    without_pages: Services, scripted: ScriptedSite, withdrawal: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, sleep = lifecycle.write_intent, an_hour_asleep(monkeypatch)

    def sleep_after(session: Session, claim: Claim) -> bool:
        intended = really(session, claim)
        sleep()
        return intended

    monkeypatch.setattr(lifecycle, "write_intent", sleep_after)
    assert perform_next(without_pages) is Outcome.UNCERTAIN
    assert scripted.withdrawn == []


def test_a_gate_that_closes_meanwhile_is_seen_before_the_click_and_costs_nothing(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, withdrawal: UUID
) -> None:
    def stop_everything() -> None:
        with without_pages.database.transaction() as session:
            pull_kill_switch(session, "tests")

    scripted.on("find", stop_everything)
    assert perform_next(without_pages) is Outcome.POSTPONED
    assert state(without_pages, withdrawal) == (ActionState.PLANNED, Reason.KILL_SWITCH)
    assert scripted.withdrawn == []
    assert used(without_pages, account) == 0
