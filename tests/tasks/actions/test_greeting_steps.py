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
from db.store.quota import epochs, limits
from db.tables import Account, Action, Contact, Interaction, QuotaCut
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.quota import Grant
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX
from tests.cluster import wait_for
from tests.db.helpers import LEASE, claim_action
from tests.tasks.action_helpers import (
    CLOSED,
    an_hour_asleep,
    lose_the_commits_answer,
    next_action,
    perform_next,
    row,
    settle_slowly,
    state,
    stopped_for,
    used_today,
    worker_taken_for_dead,
)
from tests.tasks.scripted_site import ScriptedSite
from worker.errors import NeverError, Reason, StopAccountError, TryAgainError
from worker.rules.model import ActionState, ContactStatus, Kind, ThreadMessage
from worker.rules.policy import retry_wait
from worker.rules.quota import breaker
from worker.rules.quota.limits import Limits
from worker.rules.quota.windows import local_day

ANN = f"{SANDBOX}ann/"
TEXT = "Happy birthday, Ann!"

PASSING = TryAgainError(Reason.SITE_UNREACHABLE, "the page went away")
CHALLENGED = StopAccountError(Reason.CHALLENGE, "the site shows a challenge")
LIMITED = StopAccountError(Reason.LIMIT_PAGE, "the site says that it is enough")
LEFT = NeverError(Reason.NOT_CONNECTED, "the profile offers to connect")


@pytest.fixture
def account(without_pages: Services, scripted: ScriptedSite) -> AccountRecord:
    with without_pages.database.transaction() as session:
        return builders.an_account(session, site="ledger")


@pytest.fixture
def greeting(without_pages: Services, account: AccountRecord) -> UUID:
    with without_pages.database.transaction() as session:
        contact = builders.a_contact(session, account, "ann")
        return builders.add_planned(session, account, contact, text=TEXT)


def recorded(services: Services) -> list[tuple[str, str]]:
    with services.database.transaction() as session:
        rows = session.execute(select(Interaction.status, Interaction.message)).all()
    return [(status, message) for status, message in rows]


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


def test_a_click_without_proof_is_not_recorded(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    scripted.deaf = True
    assert perform_next(without_pages) is Outcome.UNCERTAIN
    assert recorded(without_pages) == []


def test_sends_without_proof_in_a_row_open_the_breaker(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord
) -> None:
    settle_slowly(without_pages)
    scripted.deaf = True
    with without_pages.database.transaction() as session:
        for number in range(breaker.THRESHOLD + 1):
            builders.add_planned(session, account, builders.a_contact(session, account, f"person-{number}"))
    assert [perform_next(without_pages) for _ in range(breaker.THRESHOLD)] == [
        Outcome.UNCERTAIN
    ] * breaker.THRESHOLD
    assert perform_next(without_pages) is Outcome.DENIED


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
        contacts.set_do_not_contact(session, account.id, ANN, value=True)
    with monkeypatch.context() as patch:
        patch.setattr(without_pages.quota, "reserve", lambda *_: pytest.fail("a unit was asked for"))
        assert perform_next(without_pages) is Outcome.SKIPPED
    assert state(without_pages, greeting) == (ActionState.SKIPPED, Reason.DO_NOT_CONTACT)
    assert scripted.steps == []


def test_who_slept_before_the_intent_writes_none(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    scripted.on("type", an_hour_asleep(monkeypatch))
    assert perform_next(without_pages) is Outcome.POSTPONED
    assert state(without_pages, greeting) == (ActionState.PLANNED, Reason.LEASE_LOST)
    assert scripted.sent == []
    assert used_today(without_pages, account) == 0


def test_the_lease_is_extended_while_an_action_is_carried_out(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    before = without_pages.settings.model_copy(update={"lease": timedelta(seconds=20)})
    without_pages.settings = before.model_copy(
        update={"lease": timedelta(seconds=0.4), "click_lease_margin": timedelta(0)}
    )

    def beaten() -> None:
        held = row(without_pages, greeting).lease_until
        wait_for("a beat", lambda: row(without_pages, greeting).lease_until != held)
        without_pages.settings = before  # the rest may take its time

    scripted.on("type", beaten)
    perform_next(without_pages)
    assert "type" in scripted.steps


def test_an_intent_that_was_not_committed_is_no_leave_to_click(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def cut_off(*_: object) -> bool:
        raise CLOSED

    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "write_intent", cut_off)
        assert perform_next(without_pages) is Outcome.POSTPONED
    assert scripted.sent == []
    assert state(without_pages, greeting) == (ActionState.PLANNED, Reason.LEASE_LOST)
    assert used_today(without_pages, account) == 0


def test_an_intent_whose_commit_lost_its_answer_is_read_again_and_acted_on_once(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_the_commits_answer(without_pages, monkeypatch, "write_intent")
    assert perform_next(without_pages) is Outcome.DONE
    assert scripted.sent == [(ANN, TEXT)]


def test_the_intent_of_another_worker_is_no_leave_to_click(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: object) -> bool:
        raise CLOSED

    really_intend, really = lifecycle.write_intent, lifecycle.get_state

    def taken_over(session: Session, action_id: UUID) -> tuple[ActionState, int]:
        worker_taken_for_dead(without_pages)
        next_action(without_pages)
        with without_pages.database.transaction() as other:
            assert really_intend(other, claim_action(other, action_id))
        return really(session, action_id)

    monkeypatch.setattr(lifecycle, "write_intent", cut_off)
    monkeypatch.setattr(lifecycle, "get_state", taken_over)
    assert perform_next(without_pages) is Outcome.POSTPONED
    assert scripted.sent == []
    assert row(without_pages, greeting).state == ActionState.ACTING


def test_a_record_whose_commit_lost_its_answer_is_there_once(
    without_pages: Services, account: AccountRecord, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_the_commits_answer(without_pages, monkeypatch, "record_effect")
    assert perform_next(without_pages) is Outcome.DONE
    assert recorded(without_pages) == [("sent", TEXT)]
    assert used_today(without_pages, account) == 1


def test_a_record_that_postgres_could_not_take_is_tried_again(
    without_pages: Services, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, faults = lifecycle.record_effect, [CLOSED]

    def record(session: Session, claim: Claim, *, status: str, text: str, screenshot: str | None) -> bool:
        if faults:
            raise faults.pop()
        return really(session, claim, status=status, text=text, screenshot=screenshot)

    monkeypatch.setattr(lifecycle, "record_effect", record)
    assert perform_next(without_pages) is Outcome.DONE
    assert recorded(without_pages) == [("sent", TEXT)]


def test_what_another_worker_has_recorded_meanwhile_is_not_claimed_for_oneself(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    def another_finds_it() -> None:
        worker_taken_for_dead(without_pages)
        assert perform_next(without_pages) is Outcome.DONE

    scripted.on("picture", another_finds_it)
    assert perform_next(without_pages) is Outcome.LOST
    assert recorded(without_pages) == [("found", TEXT)]


def test_who_lost_the_action_writes_nothing_about_its_person(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID
) -> None:
    def lost() -> None:
        worker_taken_for_dead(without_pages)
        raise LEFT

    scripted.on("open", lost)
    perform_next(without_pages)
    assert row(without_pages, greeting).state == ActionState.PLANNED
    with without_pages.database.transaction() as session:
        assert session.scalars(select(Contact.status)).one() == ContactStatus.CONNECTED


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


def test_without_an_answer_of_the_quota_nothing_is_done(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: object) -> Grant:
        raise TryAgainError(Reason.QUOTA_UNREADABLE, "the counters were lost again and again")

    monkeypatch.setattr(without_pages.quota, "reserve", unreadable)
    assert perform_next(without_pages) is Outcome.POSTPONED
    assert state(without_pages, greeting) == (ActionState.PLANNED, Reason.QUOTA_UNREADABLE)
    assert scripted.steps == []


def test_what_the_quota_denies_waits_until_it_says_and_the_others_with_it(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    with without_pages.database.transaction() as session:
        hour = timedelta(hours=1)
        limits.set_limits(session, account.id, Kind.GREET, Limits(9, 9, 9, hour, hour), by="tests")
        others = [
            builders.add_planned(session, account, builders.a_contact(session, account, slug))
            for slug in "bc"
        ]
    assert [perform_next(without_pages), perform_next(without_pages)] == [Outcome.DONE, Outcome.DENIED]
    waiting = [each for each in (greeting, *others) if row(without_pages, each).state == ActionState.PLANNED]
    with without_pages.database.transaction() as session:
        soon = builders.database_now(session) + timedelta(minutes=50)
        assert dispatch.queue_due_actions(session, batch=9, lease=LEASE) == []
    assert len(waiting) == 2
    for each in waiting:
        assert state(without_pages, each)[1] is Reason.GAP
        assert row(without_pages, each).not_before > soon


def test_each_attempt_asks_for_a_unit_of_its_own(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, asked = without_pages.quota.reserve, []

    def reserve(account_id: int, kind: Kind, run_id: str, reservation: str) -> Grant:
        asked.append(reservation)
        return really(account_id, kind, run_id, reservation)

    monkeypatch.setattr(without_pages.quota, "reserve", reserve)
    scripted.fail("open", PASSING)
    assert [perform_next(without_pages), perform_next(without_pages)] == [Outcome.POSTPONED, Outcome.DONE]
    assert len(set(asked)) == 2


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


def test_passing_faults_wait_longer_each_time_and_end_the_action_after_so_many(
    without_pages: Services, scripted: ScriptedSite, greeting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "THRESHOLD", 100)  # else the breaker lets the action rest before
    scripted.fail("open", PASSING, times=5)
    for failures in range(4):
        assert perform_next(without_pages) is Outcome.POSTPONED
        with without_pages.database.transaction() as session:
            wait = builders.action(session, greeting).not_before - builders.database_now(session)
        assert wait > retry_wait(failures, 0) - timedelta(seconds=10)
    assert perform_next(without_pages) is Outcome.FAILED
    assert state(without_pages, greeting) == (ActionState.FAILED, Reason.TOO_MANY_ATTEMPTS)
