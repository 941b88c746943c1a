"""A greeting says what is true on the day it is sent; what the owner wrote by hand stops it and counts."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, func, select, update

from db.store.actions import claims, dispatch, lifecycle
from db.store.campaigns import templates
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.tables import Action, Campaign, Contact, Interaction, MessageTemplate
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.campaigns.start import start_campaign
from tasks.contract import BirthdayOptions
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX, an_account
from tests.db.helpers import wait_for_lock_wait
from tests.tasks.conftest import effects
from worker.errors import Reason
from worker.rules.messages.approval import approval_hash
from worker.rules.model import ActionState, Kind

ANN = f"{SANDBOX}ann/"


@pytest.fixture
def account(without_pages: Services) -> AccountRecord:
    """An account with one text for the day and one for later, in English and in French."""
    with without_pages.database.transaction() as session:
        session.execute(delete(MessageTemplate))
        account = an_account(session, site="ledger")
        for language, on_the_day, late in (
            ("en", "Happy birthday, {{ first_name }}!", "Belated wishes, {{ first_name }}!"),
            (
                "fr",
                "Joyeux anniversaire, {{ first_name }} !",
                "Un peu tard, {{ first_name }} : mes vœux !",
            ),
        ):
            templates.add_template(
                session, account_id=account.id, language=language, late=False, body=on_the_day
            )
            templates.add_template(session, account_id=account.id, language=language, late=True, body=late)
        return account


def campaign(services: Services, *, days_ago: int = 0, name: str = "Ann Smith", **options: object) -> UUID:
    """Plan a greeting of Ann, whose birthday was so many days ago; return the action's id."""
    with services.database.transaction() as session:
        account = builders.an_account(session)
        born = builders.database_now(session).date() - timedelta(days=days_ago)
        contact = builders.a_contact(session, account, "ann", name=name, birthday=born)
        contact.language = str(options.pop("language", "en"))
        session.flush()
        wanted = BirthdayOptions.model_validate({"read_site": False, "late_days": 5, **options})
        campaign_id = uuid4()
        start_campaign(session, account="demo", campaign_id=campaign_id, options=wanted)
        return session.scalars(select(Action.id).where(Action.campaign_id == campaign_id)).one()


def a_day_passes(services: Services) -> None:
    """What was planned today was planned yesterday, for yesterday's birthday."""
    with services.database.transaction() as session:
        session.execute(
            update(Action).values(
                occasion_on=Action.occasion_on - 1,
                worded_for=Action.worded_for - 1,
                not_before=Action.not_before - timedelta(days=1),
            )
        )


def carry_out(services: Services, action_id: UUID) -> Outcome:
    with services.database.transaction() as session:
        (due,) = dispatch.queue_due_actions(session, batch=10, lease=timedelta(minutes=1))
        assert due.action_id == action_id
    return perform_action(services, action_id)


def row(services: Services, action_id: UUID) -> Action:
    with services.database.transaction() as session:
        return builders.action(session, action_id)


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


def test_the_same_text_does_not_come_again_the_next_year(
    without_pages: Services, account: AccountRecord
) -> None:
    action_id = campaign(without_pages)
    assert carry_out(without_pages, action_id) is Outcome.DONE
    with without_pages.database.transaction() as session:
        a_year_ago = builders.database_now(session) - timedelta(days=365)
        session.execute(update(Interaction).values(created_at=a_year_ago, occasion="birthday:2001"))
        session.execute(update(Action).values(occasion="birthday:2001"))
        builders.contact_by_slug(session, account, "ann").last_greeted_on = None
        session.flush()
        wanted = BirthdayOptions(read_site=False)
        start_campaign(session, account="demo", campaign_id=uuid4(), options=wanted)
        newest = session.scalars(select(Action).where(Action.occasion != "birthday:2001")).one()
        assert (newest.state, newest.reason) == (ActionState.SKIPPED, Reason.NO_FRESH_TEMPLATE)
        assert newest.message == ""


@pytest.mark.parametrize(("days", "comes_again"), [(729, False), (731, True)])
def test_a_text_may_come_again_after_two_years(
    without_pages: Services, account: AccountRecord, days: int, *, comes_again: bool
) -> None:
    action_id = campaign(without_pages)
    assert carry_out(without_pages, action_id) is Outcome.DONE
    with without_pages.database.transaction() as session:
        ago = builders.database_now(session) - timedelta(days=days)
        session.execute(update(Interaction).values(created_at=ago, occasion="birthday:2001"))
        session.execute(update(Action).values(occasion="birthday:2001"))
        builders.contact_by_slug(session, account, "ann").last_greeted_on = None
        session.flush()
        wanted = BirthdayOptions(read_site=False)
        start_campaign(session, account="demo", campaign_id=uuid4(), options=wanted)
        newest = session.scalars(select(Action).where(Action.occasion != "birthday:2001")).one()
    assert (newest.reason is None) is comes_again


def test_a_late_text_that_was_had_before_does_not_come_again(
    without_pages: Services, account: AccountRecord
) -> None:
    action_id = campaign(without_pages)
    with without_pages.database.transaction() as session:
        contact = builders.contact_by_slug(session, account, "ann")
        earlier = Interaction(
            account_id=account.id, contact_id=contact.id, type=Kind.GREET, status="seen",
            source_key="earlier", occasion="birthday:2001", message="Belated wishes, Ann!",
            correlation_id="test", created_at=builders.database_now(session) - timedelta(days=300),
        )  # fmt: skip
        session.add(earlier)
    a_day_passes(without_pages)
    assert carry_out(without_pages, action_id) is Outcome.SKIPPED
    assert row(without_pages, action_id).reason == Reason.NO_FRESH_TEMPLATE


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
