"""Before a campaign is planned: what makes it wait, what ends it, and what its plan holds."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.store.actions import control
from db.store.actions.control import CampaignVerb
from db.store.kill_switch import pull_kill_switch, release_kill_switch
from db.store.people import import_lock
from db.store.people.accounts import AccountRecord
from db.tables import Account, Campaign, QuotaCut
from tasks.campaigns.plan_birthdays import read_birthdays
from tasks.campaigns.plan_invitations import read_invitations
from tasks.campaigns.start import start_campaign
from tasks.contract import BirthdayOptions, InvitationsOptions
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX
from tests.tasks.action_helpers import stopped_for
from tests.tasks.campaign_helpers import campaign_of, planned, start, withdrawals
from tests.tasks.scripted_site import ScriptedSite
from worker import logs
from worker.errors import NeverError, RapportError, Reason, StopAccountError, TryAgainError
from worker.rules.model import BirthdayCard, CampaignState, Kind, SentInvitation

ANN, BOB = f"{SANDBOX}ann/", f"{SANDBOX}bob/"
PASSING = TryAgainError(Reason.SITE_UNREACHABLE, "the page went away")
CHALLENGED = StopAccountError(Reason.CHALLENGE, "the site shows a challenge")
IMPOSSIBLE = NeverError(Reason.SITE_UNEXPECTED, "there is no such page")
Start = Callable[..., UUID]


@pytest.fixture
def account(without_pages: Services, scripted: ScriptedSite) -> AccountRecord:
    """An account to whose site Ann's birthday is today's, and who has invited Bob forty days ago."""
    with without_pages.database.transaction() as session:
        account = builders.an_account(session, site="ledger")
        today = builders.database_now(session).date()
    scripted.cards = [BirthdayCard(ANN, "Ann Smith", today)]
    scripted.invited = [SentInvitation(BOB, "Bob Brown", today - timedelta(days=40))]
    return account


def limits_cut(services: Services) -> dict[Kind, datetime]:
    """Return the kinds whose limits are cut, each with the time until when."""
    with services.database.transaction() as session:
        return {Kind(cut.kind): cut.cut_until for cut in session.scalars(select(QuotaCut))}


def test_a_campaign_is_to_be_read_once_and_only_if_it_was_asked_to(
    without_pages: Services, account: AccountRecord
) -> None:
    with without_pages.database.transaction() as session, logs.bound(correlation_id="test"):
        first, second, third = uuid4(), uuid4(), uuid4()
        reads, does_not = BirthdayOptions(), BirthdayOptions(read_site=False)
        assert start_campaign(session, account="demo", campaign_id=first, options=reads)
        assert not start_campaign(session, account="demo", campaign_id=first, options=reads)
        assert not start_campaign(session, account="demo", campaign_id=second, options=does_not)
        withdraws = InvitationsOptions()
        assert start_campaign(session, account="demo", campaign_id=third, options=withdraws)
        assert not start_campaign(session, account="demo", campaign_id=third, options=withdraws)


def kill_switch(session: Session, account: AccountRecord) -> None:
    pull_kill_switch(session, "tests")


def pause(session: Session, account: AccountRecord) -> None:
    control.pause_account(session, account.id)


@pytest.mark.parametrize("shut", [kill_switch, pause])
def test_nothing_is_read_while_everything_or_the_account_is_held(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord,
    shut: Callable[[Session, AccountRecord], None],
) -> None:  # fmt: skip
    campaign_id = start(without_pages)
    with without_pages.database.transaction() as session:
        shut(session, account)
    read_birthdays(without_pages, campaign_id)
    assert campaign_of(without_pages, campaign_id).state is CampaignState.READING
    assert scripted.steps == []
    with without_pages.database.transaction() as session:
        release_kill_switch(session)
        control.resume_account(session, account.id)
    read_birthdays(without_pages, campaign_id)
    assert len(planned(without_pages)) == 1


def test_nothing_is_read_while_contacts_are_imported(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    campaign_id = start(without_pages)
    with without_pages.database.transaction() as session:
        import_lock.lock_for_import(session, account.id)
        read_birthdays(without_pages, campaign_id)
    assert campaign_of(without_pages, campaign_id).state is CampaignState.READING
    assert scripted.steps == []


def test_on_an_account_that_is_stopped_the_campaign_ends_with_the_reason(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    campaign_id = start(without_pages)
    with without_pages.database.transaction() as session:
        session.execute(update(Account).values(status="stopped", stop_reason=Reason.CHALLENGE))
    read_birthdays(without_pages, campaign_id)
    ended = campaign_of(without_pages, campaign_id)
    assert (ended.state, ended.reason) == (CampaignState.FAILED, Reason.CHALLENGE)
    assert scripted.steps == []


@pytest.mark.parametrize("error", [PASSING, CHALLENGED, IMPOSSIBLE], ids=lambda error: type(error).__name__)
def test_a_page_that_cannot_be_read_is_asked_again_or_ends_the_campaign(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, *, error: RapportError
) -> None:
    campaign_id = start(without_pages)
    scripted.fail("birthdays", error)
    read_birthdays(without_pages, campaign_id)
    after = campaign_of(without_pages, campaign_id)
    assert stopped_for(without_pages, account) == (error.reason if error is CHALLENGED else None)
    if error is PASSING:
        assert after.state is CampaignState.READING
        read_birthdays(without_pages, campaign_id)
        assert len(planned(without_pages)) == 1
    else:
        assert (after.state, after.reason) == (CampaignState.FAILED, error.reason)
        assert planned(without_pages) == []


@pytest.mark.parametrize("reason", [Reason.LIMIT_PAGE, Reason.CHALLENGE])
@pytest.mark.parametrize(
    ("start", "read", "step", "kind"),
    [
        (start, read_birthdays, "birthdays", Kind.GREET),
        (withdrawals, read_invitations, "list", Kind.WITHDRAW),
    ],
    ids=["birthdays", "invitations"],
)
def test_a_limit_page_met_while_a_list_is_read_cuts_the_limits_of_its_actions(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord,
    *, start: Start, read: Callable[[Services, UUID], None], step: str, kind: Kind, reason: Reason,
) -> None:  # fmt: skip
    campaign_id = start(without_pages)
    scripted.fail(step, StopAccountError(reason, "the site asks for a person"))
    read(without_pages, campaign_id)
    ended = campaign_of(without_pages, campaign_id)
    assert (ended.state, ended.reason) == (CampaignState.FAILED, reason)
    assert stopped_for(without_pages, account) is reason
    assert list(limits_cut(without_pages)) == ([kind] if reason is Reason.LIMIT_PAGE else [])


def test_a_campaign_of_a_stopped_account_cuts_no_limits(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    scripted.fail("birthdays", StopAccountError(Reason.LIMIT_PAGE, "too many"))
    read_birthdays(without_pages, start(without_pages))
    (until,) = limits_cut(without_pages).values()
    read_birthdays(without_pages, start(without_pages))
    assert scripted.steps == ["birthdays"]
    assert list(limits_cut(without_pages).values()) == [until]


@pytest.mark.parametrize(
    ("start", "read", "step"),
    [(start, read_birthdays, "birthdays"), (withdrawals, read_invitations, "list")],
    ids=["birthdays", "invitations"],
)
def test_a_campaign_is_read_and_planned_once_and_not_after_it_was_cancelled(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord,
    *, start: Start, read: Callable[[Services, UUID], None], step: str,
) -> None:  # fmt: skip
    cancelled = start(without_pages)

    def cancel() -> None:
        with without_pages.database.transaction() as session:
            control.change_campaign(session, cancelled, CampaignVerb.CANCEL)

    scripted.on(step, cancel)
    read(without_pages, cancelled)
    assert planned(without_pages) == []
    assert campaign_of(without_pages, cancelled).state is CampaignState.CANCELLED
    campaign_id = start(without_pages)
    for _ in range(2):
        read(without_pages, campaign_id)
    assert len(planned(without_pages)) == 1
    assert scripted.steps == [step, step]


@pytest.mark.parametrize(
    ("start", "read", "inside"),
    [
        (start, read_birthdays, "tasks.campaigns.drafting.draft_greetings"),
        (withdrawals, read_invitations, "tasks.campaigns.plan_invitations.decide_withdrawals"),
    ],
    ids=["birthdays", "invitations"],
)
def test_nobody_cancels_a_campaign_while_it_is_being_planned(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch,
    *, start: Start, read: Callable[[Services, UUID], None], inside: str,
) -> None:  # fmt: skip
    campaign_id = start(without_pages)
    free: list[UUID] = []

    def look(*_: object, **__: object) -> list[object]:
        with without_pages.database.transaction() as session:
            row = select(Campaign.id).where(Campaign.id == campaign_id)
            free.extend(session.scalars(row.with_for_update(skip_locked=True)))
        return []

    monkeypatch.setattr(inside, look)
    read(without_pages, campaign_id)
    assert campaign_of(without_pages, campaign_id).state is CampaignState.PLANNED
    assert free == []
