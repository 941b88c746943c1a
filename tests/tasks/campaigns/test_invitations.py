"""Withdrawing sent invitations, from the list to the record. The network's own ledger says what happened."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from db.store.actions import control, dispatch
from db.store.actions.control import CampaignVerb
from db.store.campaigns import campaigns
from db.store.campaigns.campaigns import CampaignRecord
from db.store.kill_switch import pull_kill_switch
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from db.tables import Action, Contact, Interaction
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.campaigns import requests
from tasks.campaigns.plan_invitations import read_invitations
from tasks.campaigns.start import start_campaign
from tasks.contract import InvitationsOptions
from tasks.services import Services
from tasks.upkeep.schedules import repeat_stale_readings
from tests import builders
from tests.builders import SANDBOX, TEN
from tests.db.helpers import LEASE
from worker import logs
from worker.errors import Reason
from worker.rules.model import AccountStatus, ActionState, CampaignState, ContactStatus, Kind
from worker.rules.quota.limits import Limits

OLD = ["kofi-mensah", "marguerite-petit", "sven", "leila-nasser", "chen-yu"]
"""Of the twelve, those that the page shows as sent 31 to 200 days ago, the oldest first."""

Campaign = Callable[..., CampaignRecord]


def keep_only(sandbox: SandboxClient, *slugs: str) -> None:
    """Leave these invitations and the latest one: each withdrawal reads all pages up to its own."""
    _latest, *rest = [sent.slug for sent in sandbox.invitations("demo")]
    for slug in rest:
        if slug not in slugs:
            sandbox.accept_invitation(slug, "demo")


@pytest.fixture
def short_list(sandbox: SandboxClient) -> None:
    """Leave the two oldest invitations and the latest one."""
    keep_only(sandbox, *OLD[:2])


@pytest.fixture
def account(account: AccountRecord, services: Services) -> AccountRecord:
    with services.database.transaction() as session:
        limits.set_limits(session, account.id, Kind.WITHDRAW, TEN, by="tests")
    return account


@pytest.fixture
def campaign(services: Services, account: AccountRecord) -> Campaign:
    """Starts a campaign and reads the site for it, as the tasks do."""

    def make(*, read: bool = True, **options: int | bool) -> CampaignRecord:
        campaign_id = uuid4()
        with services.database.transaction() as session, logs.bound(correlation_id="test"):
            start_campaign(
                session, account=account.name, campaign_id=campaign_id,
                options=InvitationsOptions.model_validate(options),
            )  # fmt: skip
        if read:
            read_invitations(services, campaign_id)
        return record(services, campaign_id)

    return make


def record(services: Services, campaign_id: UUID) -> CampaignRecord:
    with services.database.transaction() as session:
        found = campaigns.find_campaign(session, campaign_id)
    assert found is not None
    return found


def carry_on(services: Services) -> list[Outcome]:
    """Carry out what is due, one after the other, until nothing is."""
    outcomes: list[Outcome] = []
    while True:
        with services.database.transaction() as session:
            due = dispatch.queue_due_actions(session, batch=10, lease=LEASE)
        if not due:
            return outcomes
        outcomes += [perform_action(services, nudge.action_id) for nudge in due]


def withdrawn(sandbox: SandboxClient) -> list[str]:
    effects = sandbox.ledger()
    assert {(effect.member, effect.kind) for effect in effects} <= {("demo", "withdrawal")}
    return [effect.slug for effect in effects]


def states(services: Services) -> dict[str, tuple[ActionState, Reason | None]]:
    with services.database.transaction() as session:
        rows = session.execute(
            select(Contact.profile_url, Action.state, Action.reason)
            .join(Action, Action.contact_id == Contact.id)
            .order_by(Action.occasion_on)
        ).all()
    return {
        url.removeprefix(SANDBOX).rstrip("/"): (ActionState(state), Reason(reason) if reason else None)
        for url, state, reason in rows
    }


def proofs(services: Services) -> list[tuple[str, str, str]]:
    with services.database.transaction() as session:
        rows = session.execute(select(Interaction.type, Interaction.status, Interaction.message)).all()
    return [(type_, status, message) for type_, status, message in rows]


def test_the_old_ones_are_withdrawn_once_and_no_other(
    services: Services, sandbox: SandboxClient, campaign: Campaign
) -> None:
    old = [*OLD[:2], OLD[-1]]
    young = [sent.slug for sent in sandbox.invitations("demo") if sent.slug not in OLD][:2]
    keep_only(sandbox, *old, young[-1])
    made = campaign()
    assert made.state is CampaignState.PLANNED
    assert list(states(services)) == old
    assert carry_on(services) == [Outcome.DONE] * 3
    assert withdrawn(sandbox) == old
    assert [sent.slug for sent in sandbox.invitations("demo")] == young
    assert states(services) == dict.fromkeys(old, (ActionState.DONE, None))
    assert proofs(services) == [("withdraw", "withdrawn", "")] * 3
    with services.database.transaction() as session:
        assert set(session.scalars(select(Contact.status))) == {ContactStatus.PROSPECT}
        assert len(session.scalars(select(Contact.id)).all()) == 5
        assert session.scalars(select(Contact.last_greeted_on).distinct()).all() == [None]
        weeks = set(session.scalars(select(Action.occasion)))
        today = builders.database_now(session).date().isocalendar()
    assert weeks == {f"withdraw:{today.year}-W{today.week:02}"}
    campaign()
    assert carry_on(services) == []
    assert withdrawn(sandbox) == old


@pytest.mark.usefixtures("short_list")
def test_asked_twice_before_anything_is_done_changes_nothing(
    services: Services, sandbox: SandboxClient, campaign: Campaign
) -> None:
    campaign(limit=1)
    again = campaign(limit=1)
    assert again.state is CampaignState.PLANNED
    assert list(states(services)) == OLD[:1]
    carry_on(services)
    assert withdrawn(sandbox) == OLD[:1]


@pytest.mark.usefixtures("short_list")
def test_one_planned_last_week_is_not_planned_again(services: Services, campaign: Campaign) -> None:
    campaign(limit=1)
    with services.database.transaction() as session:
        session.execute(update(Action).values(occasion="withdraw:2026-W01"))
    campaign()
    with services.database.transaction() as session:
        whom = session.scalars(select(Action.contact_id)).all()
    assert len(whom) == len(set(whom)) == 2


@pytest.mark.usefixtures("short_list")
def test_the_quota_makes_the_second_wait_until_tomorrow(
    services: Services, sandbox: SandboxClient, campaign: Campaign, account: AccountRecord
) -> None:
    with services.database.transaction() as session:
        one = Limits(5, 1, 10, timedelta(0), timedelta(0))
        limits.set_limits(session, account.id, Kind.WITHDRAW, one, by="tests")
    campaign()
    assert carry_on(services) == [Outcome.DONE, Outcome.DENIED]
    assert withdrawn(sandbox) == OLD[:1]
    assert states(services) == {
        OLD[0]: (ActionState.DONE, None),
        OLD[1]: (ActionState.PLANNED, Reason.DAY_LIMIT),
    }


def test_a_dry_run_says_what_would_be_withdrawn_and_touches_nothing(
    services: Services, sandbox: SandboxClient, campaign: Campaign
) -> None:
    made = campaign(dry_run=True, limit=3)
    assert made.preview is not None
    with services.database.transaction() as session:
        today = builders.database_now(session).date()
    assert [line["profile_url"].removeprefix(SANDBOX).rstrip("/") for line in made.preview] == [
        sent.slug for sent in reversed(sandbox.invitations("demo"))
    ]
    assert [line["verdict"] for line in made.preview] == [
        *["withdraw"] * 3, *["over_limit"] * 2, *["too_young"] * 7,
    ]  # fmt: skip
    for line in made.preview:
        assert int(line["days"]) == (today - date.fromisoformat(line["on"])).days
    assert carry_on(services) == []
    assert withdrawn(sandbox) == []
    assert states(services) == {}


@pytest.mark.usefixtures("short_list")
def test_a_swallowed_answer_is_settled_by_the_list(
    services: Services, sandbox: SandboxClient, campaign: Campaign
) -> None:
    sandbox.fault(FaultName.SEND_SWALLOWS_REPLY, times=1)
    campaign(limit=1)
    assert carry_on(services) == [Outcome.UNCERTAIN, Outcome.DONE]
    assert withdrawn(sandbox) == OLD[:1]
    assert proofs(services) == [("withdraw", "found", "")]


@pytest.mark.usefixtures("short_list")
def test_one_without_effect_is_looked_at_twice_and_withdrawn_again(
    services: Services, sandbox: SandboxClient, campaign: Campaign
) -> None:
    sandbox.fault(FaultName.SEND_NO_EFFECT, times=1)
    campaign(limit=1)
    assert carry_on(services) == [
        Outcome.UNCERTAIN, Outcome.UNCERTAIN, Outcome.POSTPONED, Outcome.DONE,
    ]  # fmt: skip
    assert withdrawn(sandbox) == OLD[:1]
    assert proofs(services) == [("withdraw", "withdrawn", "")]


@pytest.mark.usefixtures("short_list")
def test_who_accepts_meanwhile_is_left_alone_and_costs_nothing(
    services: Services, sandbox: SandboxClient, campaign: Campaign, account: AccountRecord
) -> None:
    campaign(limit=1)
    sandbox.accept_invitation(OLD[0], "demo")
    assert carry_on(services) == [Outcome.SKIPPED]
    assert states(services) == {OLD[0]: (ActionState.SKIPPED, Reason.INVITATION_GONE)}
    assert withdrawn(sandbox) == []
    _, decision = services.quota.remaining(account.id, Kind.WITHDRAW, "any")
    assert decision.remaining is not None
    assert decision.remaining.day == TEN.per_day


def test_a_question_about_somebody_else_withdraws_nobody(
    services: Services, sandbox: SandboxClient, campaign: Campaign
) -> None:
    sandbox.fault(FaultName.WRONG_THREAD, "priya-raman", path_prefix="/invitations/")
    keep_only(sandbox, OLD[0], "priya-raman")
    campaign(limit=1)
    with services.database.transaction() as session:
        (nudge,) = dispatch.queue_due_actions(session, batch=10, lease=LEASE)
    assert perform_action(services, nudge.action_id) is Outcome.UNCERTAIN
    assert withdrawn(sandbox) == []


@pytest.mark.usefixtures("short_list")
def test_a_cancelled_campaign_withdraws_nobody(
    services: Services, sandbox: SandboxClient, campaign: Campaign
) -> None:
    made = campaign()
    with services.database.transaction() as session:
        control.change_campaign(session, made.id, CampaignVerb.CANCEL)
    assert carry_on(services) == []
    assert withdrawn(sandbox) == []


def test_a_challenge_stops_the_account_and_ends_the_campaign_with_a_reason(
    services: Services, sandbox: SandboxClient, campaign: Campaign, account: AccountRecord
) -> None:
    sandbox.fault(FaultName.CHALLENGE_PAGE)
    made = campaign()
    assert (made.state, made.reason) == (CampaignState.FAILED, Reason.CHALLENGE)
    with services.database.transaction() as session:
        assert accounts.get_account(session, account.id).status is AccountStatus.STOPPED
    sandbox.clear_faults()
    assert campaign().reason is Reason.CHALLENGE


@pytest.mark.usefixtures("short_list")
def test_a_passing_fault_is_asked_again_by_the_campaigns_own_task(
    services: Services, sandbox: SandboxClient, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.fault(FaultName.HTTP_500, times=1)
    made = campaign()
    assert made.state is CampaignState.READING
    asked: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(requests, "publish_task", lambda task, **kwargs: asked.append((task, kwargs)))
    monkeypatch.setattr("tasks.upkeep.schedules.ASK_AGAIN_AFTER", timedelta(0))
    repeat_stale_readings(services)
    assert asked == [("tasks.invitations.read", {"campaign_id": str(made.id)})]
    read_invitations(services, made.id)
    assert list(states(services)) == OLD[:2]


def test_nothing_is_read_while_everything_is_stopped(
    services: Services, sandbox: SandboxClient, campaign: Campaign
) -> None:
    with services.database.transaction() as session:
        pull_kill_switch(session, "tests")
    made = campaign()
    assert made.state is CampaignState.READING
    assert "/invitations/sent/" not in sandbox.views("demo")
