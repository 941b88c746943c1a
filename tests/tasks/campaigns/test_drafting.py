"""A greeting says what is true on the day it is sent; what the owner wrote by hand stops it and counts."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import delete, func, select, update

from db.store.actions import claims, dispatch, lifecycle
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.tables import Action, Campaign, Contact, MessageTemplate
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.db.helpers import wait_for_lock_wait
from tests.tasks.conftest import effects
from tests.tasks.drafting_helpers import ANN, a_day_passes, an_account_with_texts, campaign, carry_out, row
from worker.errors import Reason
from worker.rules.messages.approval import approval_hash
from worker.rules.model import ActionState, Kind


@pytest.fixture
def account(without_pages: Services) -> AccountRecord:
    return an_account_with_texts(without_pages)


@pytest.mark.parametrize(
    ("language", "on_the_day", "late"),
    [
        ("en", "Happy birthday, Ann!", "Belated wishes, Ann!"),
        ("fr", "Joyeux anniversaire, Ann !", "Un peu tard, Ann : mes vœux !"),
    ],
)
def test_a_greeting_that_had_to_wait_a_day_is_worded_as_late(
    without_pages: Services, account: AccountRecord, language: str, on_the_day: str, late: str
) -> None:
    action_id = campaign(without_pages, language=language)
    assert row(without_pages, action_id).message == on_the_day
    a_day_passes(without_pages)
    assert carry_out(without_pages, action_id) is Outcome.DONE
    assert effects(without_pages) == [(ANN, late)]
    assert row(without_pages, action_id).message == late


def test_on_its_day_nothing_is_worded_anew(without_pages: Services, account: AccountRecord) -> None:
    action_id = campaign(without_pages)
    with without_pages.database.transaction() as session:
        session.execute(update(MessageTemplate).values(body=func.concat(MessageTemplate.body, "!")))
    assert carry_out(without_pages, action_id) is Outcome.DONE
    assert effects(without_pages) == [(ANN, "Happy birthday, Ann!")]


@pytest.mark.parametrize("days_ago", [0, 1])
def test_a_text_that_is_right_for_its_day_stays(
    without_pages: Services, account: AccountRecord, days_ago: int
) -> None:
    """One is for today and was written yesterday, the other for yesterday and was written today."""
    action_id = campaign(without_pages, days_ago=days_ago)
    text = row(without_pages, action_id).message
    with without_pages.database.transaction() as session:
        session.execute(update(MessageTemplate).values(body=func.concat(MessageTemplate.body, "!")))
        if days_ago == 0:
            session.execute(update(Action).values(worded_for=Action.worded_for - 1))
    assert carry_out(without_pages, action_id) is Outcome.DONE
    assert effects(without_pages) == [(ANN, text)]


def test_what_a_person_approved_is_sent_as_it_was_approved(
    without_pages: Services, account: AccountRecord
) -> None:
    action_id = campaign(without_pages, approval=True)
    text = "Happy birthday, Ann!"
    with without_pages.database.transaction() as session:
        session.execute(
            update(Action).values(
                state=ActionState.PLANNED, reason=None, approval=approval_hash(ANN, text), approved_by="me"
            )
        )
    a_day_passes(without_pages)
    assert carry_out(without_pages, action_id) is Outcome.DONE
    assert effects(without_pages) == [(ANN, text)]


def test_what_may_have_been_sent_keeps_its_text(without_pages: Services, account: AccountRecord) -> None:
    action_id = campaign(without_pages)
    with without_pages.database.transaction() as session:
        (due,) = dispatch.queue_due_actions(session, batch=10, lease=timedelta(minutes=1))
        claim = claims.claim_action(session, due.action_id, owner="w", lease=timedelta(minutes=1))
        assert claim is not None
        assert lifecycle.write_intent(session, claim)
        wait = timedelta(0)
        assert lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="", wait=wait)
    for _ in range(2):
        with without_pages.database.transaction() as session:
            session.execute(update(Action).values(not_before=builders.database_now(session)))
        carry_out(without_pages, action_id)
    assert row(without_pages, action_id).state == ActionState.PLANNED
    a_day_passes(without_pages)
    assert carry_out(without_pages, action_id) is Outcome.DONE
    assert effects(without_pages) == [(ANN, "Happy birthday, Ann!")]


def test_who_has_no_text_for_a_late_day_is_left_out_and_told_why(
    without_pages: Services, account: AccountRecord
) -> None:
    action_id = campaign(without_pages)
    with without_pages.database.transaction() as session:
        session.execute(delete(MessageTemplate).where(MessageTemplate.late))
    a_day_passes(without_pages)
    assert carry_out(without_pages, action_id) is Outcome.SKIPPED
    ended = row(without_pages, action_id)
    assert (ended.state, ended.reason) == (ActionState.SKIPPED, Reason.NO_TEMPLATE)
    assert effects(without_pages) == []


def test_a_campaign_of_an_older_version_has_todays_defaults(
    without_pages: Services, account: AccountRecord
) -> None:
    action_id = campaign(without_pages)
    with without_pages.database.transaction() as session:
        session.execute(update(Campaign).values(options={"late_days": 5}))  # of an older version
    a_day_passes(without_pages)
    assert carry_out(without_pages, action_id) is Outcome.DONE
    assert effects(without_pages) == [(ANN, "Belated wishes, Ann!")]


def test_a_message_by_hand_stops_the_greeting_and_counts_in_the_quota(
    without_pages: Services, account: AccountRecord
) -> None:
    action_id = campaign(without_pages)
    folder = without_pages.settings.ledger_dir
    assert folder is not None
    with without_pages.database.transaction() as session:
        now = builders.database_now(session)
    line = {"to": ANN, "text": "Dear Ann, many happy returns", "at": now.isoformat()}
    (folder / f"{sha256(ANN.encode()).hexdigest()[:32]}.jsonl").write_text(json.dumps(line) + "\n")
    assert carry_out(without_pages, action_id) is Outcome.SKIPPED
    ended = row(without_pages, action_id)
    assert (ended.state, ended.reason) == (ActionState.SKIPPED, Reason.WRITTEN_BY_HAND)
    _, told = without_pages.quota.remaining(account.id, Kind.GREET, "any")
    assert told.remaining is not None
    assert told.remaining.day == builders.FREE.per_day - 1
    assert len(effects(without_pages)) == 1


def test_the_intent_waits_while_another_account_asks_about_the_same_person(
    without_pages: Services, account: AccountRecord
) -> None:
    action_id = campaign(without_pages)
    key = func.hashtextextended(f"voice:ledger:{ANN}", 0)
    with ThreadPoolExecutor(1) as pool:
        with without_pages.database.transaction() as asking:
            asking.execute(select(func.pg_advisory_xact_lock(key)))
            greeting = pool.submit(carry_out, without_pages, action_id)
            wait_for_lock_wait(without_pages.database, greeting)
            assert not greeting.done()
            assert effects(without_pages) == []
        assert greeting.result() is Outcome.DONE


def test_a_text_whose_field_nothing_filled_in_is_never_sent(
    without_pages: Services, account: AccountRecord
) -> None:
    action_id = campaign(without_pages)
    with without_pages.database.transaction() as session:  # planned by an earlier version
        builders.action(session, action_id).message = "Happy birthday, %FIRSTNAME%!"
    assert carry_out(without_pages, action_id) is Outcome.SKIPPED
    ended = row(without_pages, action_id)
    assert (ended.reason, ended.detail) == (Reason.NO_TEMPLATE, "its text has a field that nothing filled in")
    assert effects(without_pages) == []


def test_a_stored_template_that_is_refused_by_now_is_never_planned(
    without_pages: Services, account: AccountRecord
) -> None:
    with without_pages.database.transaction() as session:
        session.execute(update(MessageTemplate).values(body=MessageTemplate.body + " {first_name}"))
    ended = row(without_pages, campaign(without_pages))
    assert (ended.state, ended.reason, ended.message) == (ActionState.SKIPPED, Reason.NO_TEMPLATE, "")


def test_a_greeting_has_what_is_known_of_the_person_and_the_signature_also_a_day_later(
    without_pages: Services, account: AccountRecord
) -> None:
    with without_pages.database.transaction() as session:
        accounts.set_signature(session, account.id, "Best,\nZoé")
        session.execute(
            update(MessageTemplate).values(
                body=MessageTemplate.body + " {{ company or 'All' }}: {{ city or 'x' }}."
            )
        )
    action_id = campaign(without_pages)
    assert row(without_pages, action_id).message == "Happy birthday, Ann! All: x.\nBest,\nZoé"
    with without_pages.database.transaction() as session:
        accounts.set_signature(session, account.id, "Zoé B.")
        session.execute(update(Contact).values(profile={"company": "Orbite"}))
    assert row(without_pages, action_id).message == "Happy birthday, Ann! All: x.\nBest,\nZoé"  # as planned
    a_day_passes(without_pages)
    assert carry_out(without_pages, action_id) is Outcome.DONE
    assert effects(without_pages) == [(ANN, "Belated wishes, Ann! Orbite: x.\nZoé B.")]
