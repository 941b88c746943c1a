"""The intent and the record of a greeting: lost commits, and workers that lost the action."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.store.actions import lifecycle
from db.store.actions.claims import Claim
from db.store.people.accounts import AccountRecord
from db.tables import Contact
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX
from tests.cluster import wait_for
from tests.db.helpers import claim_action
from tests.tasks.action_helpers import (
    CLOSED,
    an_hour_asleep,
    lose_the_commits_answer,
    next_action,
    perform_next,
    recorded,
    row,
    state,
    used_today,
    worker_taken_for_dead,
)
from tests.tasks.actions.conftest import TEXT
from tests.tasks.scripted_site import ScriptedSite
from worker.errors import NeverError, Reason
from worker.rules.model import ActionState, ContactStatus

ANN = f"{SANDBOX}ann/"
LEFT = NeverError(Reason.NOT_CONNECTED, "the profile offers to connect")


@pytest.fixture
def account(without_pages: Services, scripted: ScriptedSite) -> AccountRecord:
    with without_pages.database.transaction() as session:
        return builders.an_account(session, site="ledger")


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
