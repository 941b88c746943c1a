"""A fault at each step of a greeting: what reached the person, what is recorded, and what it costs."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db.store.actions import dispatch, lifecycle
from db.store.actions.claims import Claim
from db.store.people import contacts
from db.store.people.accounts import AccountRecord
from db.store.quota import epochs
from db.tables import Account, Action, Contact, Interaction, QuotaCut
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX
from tests.db.helpers import LEASE
from tests.tasks.action_helpers import (
    perform_next,
    recorded,
    row,
    state,
    stopped_for,
    used_today,
)
from tests.tasks.actions.conftest import TEXT
from tests.tasks.scripted_site import ScriptedSite
from worker.errors import NeverError, Reason, StopAccountError, TryAgainError, UnknownDialogError
from worker.rules.model import ActionState, ContactStatus, Kind, ThreadMessage
from worker.rules.quota.windows import local_day

ANN = f"{SANDBOX}ann/"
PASSING = TryAgainError(Reason.SITE_UNREACHABLE, "the page went away")
CHALLENGED = StopAccountError(Reason.CHALLENGE, "the site shows a challenge")
LIMITED = StopAccountError(Reason.LIMIT_PAGE, "the site says that it is enough")
LEFT = NeverError(Reason.NOT_CONNECTED, "the profile offers to connect")


@pytest.fixture
def account(without_pages: Services, scripted: ScriptedSite) -> AccountRecord:
    with without_pages.database.transaction() as session:
        return builders.an_account(session, site="ledger")


def several(services: Services, account: AccountRecord) -> Iterator[tuple[UUID, str]]:
    """Plan greetings of one person after the other, each on an account that nothing has stopped."""
    for number in itertools.count():
        with services.database.transaction() as session:
            session.execute(update(Account).values(status="active", stop_reason=None))
            session.execute(delete(QuotaCut))
            session.execute(delete(Action))
            epochs.reset_breakers(session, account.id, ())
            contact = builders.a_contact(session, account, f"person-{number}")
            planned = builders.add_planned(session, account, contact, text=TEXT), contact.profile_url
        yield planned


def cuts(services: Services) -> list[str]:
    with services.database.transaction() as session:
        return list(session.scalars(select(QuotaCut.kind)))


def test_what_fails_before_the_intent_sends_nothing_and_costs_nothing(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    people = several(without_pages, account)
    for step, error in itertools.product(["open", "type"], [PASSING, CHALLENGED, LIMITED, LEFT]):
        action_id, url = next(people)
        scripted.fail(step, error)
        assert perform_next(without_pages) is (Outcome.SKIPPED if error is LEFT else Outcome.POSTPONED)
        ended = ActionState.SKIPPED if error is LEFT else ActionState.PLANNED
        assert state(without_pages, action_id) == (ended, error.reason)
        assert row(without_pages, action_id).failures == int(error is PASSING)
        stops = isinstance(error, StopAccountError)
        assert stopped_for(without_pages, account) == (error.reason if stops else None)
        assert cuts(without_pages) == ([Kind.GREET] if error is LIMITED else [])
        assert used_today(without_pages, account) == 0
        with without_pages.database.transaction() as session:
            status = session.scalars(select(Contact.status).where(Contact.profile_url == url)).one()
        assert status == (ContactStatus.NOT_CONNECTED if error is LEFT else ContactStatus.CONNECTED)
    assert scripted.sent == []


def test_what_fails_after_the_intent_is_uncertain_and_its_unit_stays_used(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    people = several(without_pages, account)
    for step, error in itertools.product(["clicked", "proof"], [PASSING, CHALLENGED, LIMITED, LEFT]):
        action_id, _ = next(people)
        scripted.fail(step, error)
        assert perform_next(without_pages) is Outcome.UNCERTAIN
        assert state(without_pages, action_id) == (ActionState.UNCERTAIN, error.reason)
        stops = isinstance(error, StopAccountError)
        assert stopped_for(without_pages, account) == (error.reason if stops else None)
        assert cuts(without_pages) == ([Kind.GREET] if error is LIMITED else [])
        assert used_today(without_pages, account) == 1
    assert recorded(without_pages) == []
    assert set(scripted.pictures) == {True}  # of a page that may show what anybody wrote


def test_what_is_proven_is_recorded_with_a_picture_and_the_conversation_closed(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    assert perform_next(without_pages) is Outcome.DONE
    assert recorded(without_pages) == [("sent", TEXT)]
    assert scripted.sent == [(ANN, TEXT)]
    assert scripted.pictures == [False]
    assert scripted.steps[-1] == "close"
    assert used_today(without_pages, account) == 1
    with without_pages.database.transaction() as session:
        picture = session.scalars(select(Interaction.screenshot)).one()
        today = builders.database_now(session).date()
    assert picture is not None
    assert picture.startswith(f"{without_pages.settings.evidence_dir / today.isoformat()}/")


@pytest.mark.parametrize(
    ("step", "error"), [("close", PASSING), ("picture", PASSING), ("picture", OSError("the disk is full"))]
)
def test_what_was_proven_is_recorded_whatever_goes_wrong_then(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID, step: str, error: Exception
) -> None:
    scripted.fail(step, error)
    assert perform_next(without_pages) is Outcome.DONE
    assert recorded(without_pages) == [("sent", TEXT)]


def test_an_older_message_with_the_same_text_proves_nothing(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    with without_pages.database.transaction() as session:
        long_ago = builders.database_now(session) - timedelta(days=730)
    scripted.threads[ANN] = [ThreadMessage(outgoing=True, text=TEXT, at=long_ago)]
    scripted.deaf = True
    assert perform_next(without_pages) is Outcome.UNCERTAIN
    assert state(without_pages, greeting) == (ActionState.UNCERTAIN, Reason.PROOF_MISSING)
    assert used_today(without_pages, account) == 1


def test_a_dialog_that_nobody_knows_is_asked_of_a_person_at_once(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    scripted.fail("proof", UnknownDialogError("a dialog came up"))
    assert perform_next(without_pages) is Outcome.NEEDS_REVIEW
    assert state(without_pages, greeting) == (ActionState.NEEDS_REVIEW, Reason.PROOF_MISSING)
    assert used_today(without_pages, account) == 1
    assert scripted.pictures == [True]


@pytest.mark.parametrize("step", ["recipient", "name", "clicked", "proof"])
def test_a_text_that_was_typed_is_cleared_if_the_greeting_stops(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID, step: str
) -> None:
    def fail_later() -> None:
        scripted.fail(step, PASSING)

    scripted.on("type", fail_later)
    assert perform_next(without_pages) in {Outcome.POSTPONED, Outcome.UNCERTAIN}
    assert scripted.steps[-1] == "clear"


def test_a_click_without_proof_is_not_recorded(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    scripted.deaf = True
    assert perform_next(without_pages) is Outcome.UNCERTAIN
    assert recorded(without_pages) == []


def test_somebody_elses_conversation_is_neither_read_nor_typed_in(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    scripted.opens_as[ANN] = f"{SANDBOX}bob/"
    assert perform_next(without_pages) is Outcome.SKIPPED
    assert state(without_pages, greeting) == (ActionState.SKIPPED, Reason.WRONG_RECIPIENT)
    assert scripted.steps == ["open", "recipient"]


def test_one_address_spelt_in_two_ways_is_one_person(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    with without_pages.database.transaction() as session:
        session.execute(update(Contact).values(profile_url=ANN.upper()))
    assert perform_next(without_pages) is Outcome.DONE


def test_whom_a_gate_keeps_out_costs_no_unit_and_the_site_is_not_opened(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with without_pages.database.transaction() as session:
        contacts.set_do_not_contact(session, account.id, ANN, value=True, by="tests")
    with monkeypatch.context() as patch:
        patch.setattr(without_pages.quota, "reserve", lambda *_: pytest.fail("a unit was asked for"))
        assert perform_next(without_pages) is Outcome.SKIPPED
    assert state(without_pages, greeting) == (ActionState.SKIPPED, Reason.DO_NOT_CONTACT)
    assert scripted.steps == []


def test_who_was_written_to_today_waits_until_the_accounts_day_is_over(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    with without_pages.database.transaction() as session:
        other = builders.an_account(session, "other", site="ledger", zone="Pacific/Kiritimati")
        second = builders.add_planned(session, other, builders.a_contact(session, other, "ann"))
        midnight = local_day(builders.database_now(session), other.zone).end
        due = dispatch.queue_due_actions(session, batch=2, lease=LEASE)
    assert [perform_action(without_pages, each) for each in (greeting, second)] == [
        Outcome.DONE,
        Outcome.POSTPONED,
    ]
    assert len(due) == 2
    assert state(without_pages, second) == (ActionState.PLANNED, Reason.ONE_VOICE)
    assert row(without_pages, second).not_before == midnight
    assert len(scripted.sent) == 1


def test_of_two_accounts_only_one_writes_to_a_person_whose_gate_both_found_open(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with without_pages.database.transaction() as session:
        other = builders.an_account(session, "other", site="ledger")
        second = builders.add_planned(session, other, builders.a_contact(session, other, "ann"))
        dispatch.queue_due_actions(session, batch=2, lease=LEASE)
    really, outcomes = lifecycle.write_intent, []

    def intend(session: Session, claim: Claim) -> bool:
        monkeypatch.setattr(lifecycle, "write_intent", really)
        key = func.hashtextextended(f"voice:{claim.site}:{claim.profile_url}", 0)
        with without_pages.database.transaction() as another:
            outcomes.append(another.scalar(select(func.pg_try_advisory_xact_lock(key))))
        return really(session, claim)

    monkeypatch.setattr(lifecycle, "write_intent", intend)
    assert perform_action(without_pages, greeting) is Outcome.DONE
    assert outcomes == [False]  # whoever asks about her now waits for the answer
    assert perform_action(without_pages, second) is Outcome.POSTPONED


def test_what_is_there_already_costs_nothing(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    scripted.threads[ANN].append(builders.sent_message(TEXT, None))
    assert perform_next(without_pages) is Outcome.SKIPPED
    assert state(without_pages, greeting) == (ActionState.SKIPPED, Reason.ALREADY_GREETED)
    assert used_today(without_pages, account) == 0
    with without_pages.database.transaction() as session:
        assert session.scalars(select(Contact.status)).one() == ContactStatus.CONNECTED


def test_the_latest_messages_by_hand_are_kept(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    with without_pages.database.transaction() as session:
        now = builders.database_now(session)
    for days in range(30, 2, -1):
        scripted.threads[ANN].append(builders.sent_message(f"{days} days ago", now - timedelta(days=days)))
    perform_next(without_pages)
    with without_pages.database.transaction() as session:
        kept = session.execute(
            select(Interaction.message, Interaction.occasion).where(Interaction.status == "seen")
        ).all()
    assert {text for text, _ in kept} == {f"{days} days ago" for days in range(3, 23)}
    assert all(occasion.startswith("by_hand:") for _, occasion in kept)


def test_what_is_ours_is_not_kept_as_written_by_hand(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    assert perform_next(without_pages) is Outcome.DONE
    with without_pages.database.transaction() as session:
        a_year_ago = builders.database_now(session) - timedelta(days=365)
        session.execute(update(Interaction).values(created_at=a_year_ago, occasion="birthday:2001"))
        session.execute(update(Action).values(acting_since=a_year_ago, occasion="birthday:2001"))
        contact = builders.contact_by_slug(session, account, "ann")
        contact.last_greeted_on = None
        builders.add_planned(session, account, contact, text="Many happy returns, Ann!")
    scripted.threads[ANN] = [builders.sent_message(TEXT, a_year_ago)]
    assert perform_next(without_pages) is Outcome.DONE
    assert {status for status, _ in recorded(without_pages)} == {"sent"}
