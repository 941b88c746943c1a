"""Workers on a site whose pages must be proven: what they send, what waits, and what a changed page costs."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select, update

from db.store.actions import site_gate, unseen_sends
from db.store.actions.review import approval
from db.store.actions.review.approval import DecisionOutcome
from db.store.people import accounts, site_checks
from db.store.people.accounts import AccountRecord
from db.tables import Account, Contact
from tasks.actions.read_inbox import read_replies
from tasks.actions.settle import Outcome
from tasks.campaigns.plan_birthdays import read_birthdays
from tasks.campaigns.plan_invitations import read_invitations
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX
from tests.tasks.action_helpers import perform_next, row, state, stopped_for
from tests.tasks.campaign_helpers import campaign_of, planned, start, withdrawals
from tests.tasks.scripted_site import ScriptedSite
from worker.errors import NeverError, PremiumWallError, Reason, StopAccountError
from worker.rules.messages.approval import approval_hash
from worker.rules.model import ActionState, BirthdayCard, CampaignState
from worker.rules.sites.capabilities import SENDING, Capability, Verdict

TEXT = "Happy birthday!"
CHANGED = StopAccountError(Reason.SITE_CHANGED, "thread.header names nobody")
PREMIUM = PremiumWallError()
NO_COMPOSER = NeverError(Reason.NOT_CONNECTED, "the conversation has nowhere to write")


@pytest.fixture
def account(
    monkeypatch: pytest.MonkeyPatch, without_pages: Services, scripted: ScriptedSite
) -> AccountRecord:
    builders.needing_checks(monkeypatch, "ledger")
    with without_pages.database.transaction() as session:
        account = builders.an_account(session, site="ledger")
        accounts.save_session(session, account.id, without_pages.vault.seal("{}"))
    return account


def prove(services: Services, account: AccountRecord, *, seen_live: bool) -> None:
    with services.database.transaction() as session:
        builders.prove_site(session, account.id, seen_live=seen_live)


def greeting(services: Services, account: AccountRecord, slug: str) -> UUID:
    with services.database.transaction() as session:
        contact = builders.a_contact(session, account, slug)
        return builders.add_planned(session, account, contact, text=TEXT)


def approve(services: Services, action_id: UUID, slug: str) -> None:
    seen = approval_hash(f"{SANDBOX}{slug}/", TEXT)
    with services.database.transaction() as session:
        assert (
            approval.approve_proposal(session, action_id, seen=seen, by="me").outcome is DecisionOutcome.DONE
        )


def drifted(services: Services, account: AccountRecord) -> dict[Capability, str | None]:
    with services.database.transaction() as session:
        verdicts = site_checks.list_verdicts(session, account.id)
    return {each.capability: each.mark for each in verdicts if each.verdict is Verdict.DRIFT}


def test_before_a_check_no_page_is_opened_and_all_wait_together(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    waiting = [greeting(without_pages, account, slug) for slug in ("ann", "bob")]
    assert perform_next(without_pages) is Outcome.POSTPONED
    assert [state(without_pages, each) for each in waiting] == [(ActionState.PLANNED, Reason.NOT_CHECKED)] * 2
    assert scripted.steps == []
    before = [row(without_pages, each).not_before for each in waiting]
    prove(without_pages, account, seen_live=True)
    with without_pages.database.transaction() as session:
        site_gate.save_verdicts(session, account.id, ())
    after = [row(without_pages, each).not_before for each in waiting]
    assert all(now < then for now, then in zip(after, before, strict=True))  # a check wakes them
    assert perform_next(without_pages) is Outcome.DONE


def test_the_first_messages_are_approved_and_one_is_seen_before_the_next(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    prove(without_pages, account, seen_live=False)
    ann = greeting(without_pages, account, "ann")
    assert perform_next(without_pages) is Outcome.PROPOSED
    assert state(without_pages, ann) == (ActionState.PROPOSED, Reason.AWAITING_APPROVAL)
    assert scripted.steps == []
    approve(without_pages, ann, "ann")
    assert perform_next(without_pages) is Outcome.DONE
    bob, eve = greeting(without_pages, account, "bob"), greeting(without_pages, account, "eve")
    assert perform_next(without_pages) is Outcome.POSTPONED
    assert [state(without_pages, each) for each in (bob, eve)] == [
        (ActionState.PLANNED, Reason.AWAITING_FIRST_LOOK)
    ] * 2
    assert scripted.sent == [(f"{SANDBOX}ann/", TEXT)]
    with without_pages.database.transaction() as session:
        assert unseen_sends.accept_send(session, account, ann)
    assert [perform_next(without_pages) for _ in (bob, eve)] == [Outcome.DONE] * 2


def test_a_verdict_that_falls_while_the_text_is_typed_keeps_it_from_being_sent(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    prove(without_pages, account, seen_live=True)
    ann = greeting(without_pages, account, "ann")

    def fall() -> None:
        with without_pages.database.transaction() as session:
            now = builders.database_now(session)
            site_checks.mark_drift(session, account.id, {Capability.COMPOSER}, mark="composer", at=now)

    scripted.on("type", fall)
    assert perform_next(without_pages) is Outcome.POSTPONED
    assert state(without_pages, ann) == (ActionState.PLANNED, Reason.NOT_CHECKED)
    assert scripted.sent == []


@pytest.mark.parametrize("step", ["open", "type", "clicked"])
def test_a_changed_page_stops_the_account_and_its_verdict_falls(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, step: str
) -> None:
    prove(without_pages, account, seen_live=True)
    ann = greeting(without_pages, account, "ann")
    scripted.fail(step, CHANGED)
    assert perform_next(without_pages) is (Outcome.UNCERTAIN if step == "clicked" else Outcome.POSTPONED)
    assert stopped_for(without_pages, account) is Reason.SITE_CHANGED
    assert state(without_pages, ann)[1] is Reason.SITE_CHANGED
    assert drifted(without_pages, account) == dict.fromkeys(SENDING, str(CHANGED))
    with without_pages.database.transaction() as session:
        assert site_checks.is_supervised(session, account.id, account.site)


@pytest.mark.parametrize(
    ("start", "read", "step", "capability"),
    [
        (start, read_birthdays, "birthdays", Capability.BIRTHDAYS),
        (withdrawals, read_invitations, "list", Capability.INVITATIONS),
    ],
    ids=["birthdays", "invitations"],
)
def test_a_list_that_had_changed_is_not_read_again_before_a_check(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord,
    *, start: Callable[..., UUID], read: Callable[[Services, UUID], None], step: str, capability: Capability,
) -> None:  # fmt: skip
    scripted.fail(step, CHANGED)
    read(without_pages, start(without_pages))
    assert drifted(without_pages, account) == {capability: str(CHANGED)}
    with without_pages.database.transaction() as session:
        session.execute(update(Account).values(status="active", stop_reason=None))
    again = start(without_pages)
    read(without_pages, again)
    ended = campaign_of(without_pages, again)
    assert (ended.state, ended.reason) == (CampaignState.FAILED, Reason.NOT_CHECKED)
    assert "rapport selectors check demo" in str(ended.detail)
    assert scripted.steps == [step]
    prove(without_pages, account, seen_live=False)
    last = start(without_pages)
    read(without_pages, last)
    assert campaign_of(without_pages, last).state is CampaignState.PLANNED


def test_an_inbox_that_had_changed_is_not_opened_again_before_a_check(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    prove(without_pages, account, seen_live=True)
    greeting(without_pages, account, "ann")
    assert perform_next(without_pages) is Outcome.DONE
    scripted.fail("inbox", CHANGED)
    assert read_replies(without_pages, "demo") == 0
    assert drifted(without_pages, account) == {Capability.INBOX: str(CHANGED)}
    with without_pages.database.transaction() as session:
        session.execute(update(Account).values(status="active", stop_reason=None, inbox_asked_at=None))
    assert read_replies(without_pages, "demo") == 0
    assert scripted.steps.count("inbox") == 1


def test_a_campaign_is_proposed_until_a_message_was_seen_live(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    with without_pages.database.transaction() as session:
        today = builders.database_now(session).date()
    for seen_live, slug, expected in (
        (False, "ann", ActionState.PROPOSED),
        (True, "bob", ActionState.PLANNED),
    ):
        prove(without_pages, account, seen_live=seen_live)
        scripted.cards = [BirthdayCard(f"{SANDBOX}{slug}/", slug.title(), today)]
        read_birthdays(without_pages, start(without_pages))
        assert planned(without_pages)[-1].state == expected


def refuse(
    services: Services, site: ScriptedSite, account: AccountRecord, slug: str, error: NeverError
) -> tuple[Outcome, UUID]:
    action_id = greeting(services, account, slug)
    site.fail("open", error)
    return perform_next(services), action_id


def connections(services: Services) -> dict[str, str]:
    with services.database.transaction() as session:
        rows = session.execute(select(Contact.full_name, Contact.status)).all()
    return {str(name): str(status) for name, status in rows}


def test_refusals_in_a_row_are_the_accounts_and_not_the_peoples(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    prove(without_pages, account, seen_live=True)
    for slug, error in (("ann", PREMIUM), ("bob", NO_COMPOSER)):
        assert refuse(without_pages, scripted, account, slug, error)[0] is Outcome.SKIPPED
    assert connections(without_pages) == {"Ann": "not_connected", "Bob": "not_connected"}
    assert stopped_for(without_pages, account) is None
    outcome, eve = refuse(without_pages, scripted, account, "eve", PREMIUM)
    assert outcome is Outcome.POSTPONED
    assert stopped_for(without_pages, account) is Reason.ACCOUNT_HELD
    assert state(without_pages, eve) == (ActionState.PLANNED, Reason.ACCOUNT_HELD)
    assert connections(without_pages) == dict.fromkeys(("Ann", "Bob", "Eve"), "connected")


def test_a_message_that_was_sent_between_ends_the_row_and_a_gate_is_no_refusal(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    prove(without_pages, account, seen_live=True)
    for slug in ("ann", "bob"):
        assert refuse(without_pages, scripted, account, slug, PREMIUM)[0] is Outcome.SKIPPED
    greeting(without_pages, account, "eve")
    assert perform_next(without_pages) is Outcome.DONE
    assert refuse(without_pages, scripted, account, "dan", PREMIUM)[0] is Outcome.SKIPPED
    for slug in ("flo", "gus"):  # known as no connections, so their conversation isn't opened
        greeting(without_pages, account, slug)
        with without_pages.database.transaction() as session:
            session.execute(
                update(Contact).where(Contact.full_name == slug.title()).values(status="not_connected")
            )
        assert perform_next(without_pages) is Outcome.SKIPPED
    assert refuse(without_pages, scripted, account, "hal", PREMIUM)[0] is Outcome.SKIPPED
    assert stopped_for(without_pages, account) is None


def test_on_a_site_that_needs_no_check_refusals_are_about_people(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.actions.settle.needs_check", lambda _: False)
    prove(without_pages, account, seen_live=True)
    for slug in ("ann", "bob", "eve", "dan"):
        assert refuse(without_pages, scripted, account, slug, PREMIUM)[0] is Outcome.SKIPPED
    assert stopped_for(without_pages, account) is None
