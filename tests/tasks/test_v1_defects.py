"""How the predecessor failed at sending, one named test for each line of its list of defects.

Lines 10 and 14 to 16 are about the quota's own races, the repository and the test harness: tests/quota, the
history and these fixtures answer them.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from db import defaults
from db.store.actions import dispatch, gates, interactions, plans
from db.store.campaigns import campaigns, templates
from db.store.people import contacts
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from db.tables import Action, Interaction
from tasks.actions import settle
from tasks.actions.perform import perform_action
from tasks.actions.recover import recover_lapsed
from tasks.actions.settle import Outcome
from tasks.campaigns.drafting import draft_greetings
from tasks.campaigns.start import start_campaign
from tasks.contract import BirthdayOptions
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX
from tests.tasks.actions.test_heartbeat import lapse
from tests.tasks.conftest import effects
from worker.browser.ledger import LedgerThread
from worker.errors import Reason, TryAgainError
from worker.rules.dates.birthdays import birthday_occasion, recent_birthdays
from worker.rules.messages.template_syntax import TemplateRefusedError
from worker.rules.messages.templates import render_template
from worker.rules.model import ActionState, Birthday, Kind
from worker.rules.names.spoken_name import SpokenName
from worker.rules.quota.limits import Limits

LEASE = timedelta(minutes=1)


@pytest.fixture
def account(without_pages: Services) -> AccountRecord:
    with without_pages.database.transaction() as session:
        return builders.an_account(session, site="ledger")


def today(services: Services) -> date:
    with services.database.transaction() as session:
        return builders.database_now(session).date()


def someone(services: Services, account: AccountRecord, slug: str, *, name: str | None = None) -> None:
    """Add a contact whose birthday is today."""
    with services.database.transaction() as session:
        builders.a_contact(session, account, slug, name=name, birthday=builders.database_now(session).date())


def campaign(services: Services, **options: object) -> UUID:
    """Run a campaign over what is in Postgres, to its plan."""
    campaign_id = uuid4()
    wanted = BirthdayOptions.model_validate({"read_site": False, **options})
    with services.database.transaction() as session:
        start_campaign(session, account="demo", campaign_id=campaign_id, options=wanted)
    return campaign_id


def work_off(services: Services) -> list[Outcome]:
    """Dispatch and perform until nothing is due."""
    outcomes: list[Outcome] = []
    while True:
        with services.database.transaction() as session:
            due = dispatch.queue_due_actions(session, batch=10, lease=LEASE)
        if not due:
            return outcomes
        outcomes += [perform_action(services, nudge.action_id) for nudge in due]


def count(services: Services, table: type) -> int:
    with services.database.transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_v1_01_the_text_stored_is_the_text_sent_for_every_template(
    without_pages: Services, account: AccountRecord
) -> None:
    for number, default in enumerate(defaults.GREETINGS):
        said = render_template(default.body, name=SpokenName("Ann", "Ann Lee"), days_late=int(default.late))
        with without_pages.database.transaction() as session:
            contact = builders.a_contact(session, account, f"person-{number}")
            builders.add_planned(session, account, contact, text=said)
    assert set(work_off(without_pages)) == {Outcome.DONE}
    with without_pages.database.transaction() as session:
        stored = interactions.list_interactions(session, limit=100)
    assert sorted((record.profile_url, record.message) for record in stored) == effects(without_pages)
    assert len(stored) == len(defaults.GREETINGS)


def test_v1_02_a_template_with_an_unknown_variable_never_gets_in(without_pages: Services) -> None:
    with (
        without_pages.database.transaction() as session,
        pytest.raises(TemplateRefusedError, match="job_title"),
    ):
        templates.add_template(
            session, account_id=None, language="en", late=False, body="Hi {{ first_name }}, {{ job_title }}!"
        )


def test_v1_03_a_late_birthday_is_greeted_on_one_of_ten_days_only(
    without_pages: Services, account: AccountRecord
) -> None:
    born = today(without_pages)
    with without_pages.database.transaction() as session:
        contact = builders.a_contact(session, account, "ann", birthday=born)
        contact_id = contact.id
    for later in range(11):
        with without_pages.database.transaction() as session:
            due = contacts.list_due_birthdays(
                session, account.id, born + timedelta(days=later), late_days=10, texts_since=builders.LONG_AGO
            )
            record = campaigns.find_campaign(session, builders.a_campaign(session, account))
            assert record is not None
            available = templates.list_usable_templates(session, account.id)
            drafts = draft_greetings(
                due, available, born + timedelta(days=later), BirthdayOptions(), signature=""
            )
            assert [draft.contact_id for draft in drafts] == [contact_id]
            plans.insert_plan(session, record, Kind.GREET, drafts)
    assert count(without_pages, Action) == 1


def test_v1_04_the_key_is_the_occasion_not_the_text(without_pages: Services, account: AccountRecord) -> None:
    someone(without_pages, account, "ann")
    campaign(without_pages)
    assert work_off(without_pages) == [Outcome.DONE]
    with without_pages.database.transaction() as session:
        templates.add_template(
            session, account_id=account.id, language="en", late=False, body="Other words, {{ first_name }}."
        )
    campaign(without_pages)
    assert work_off(without_pages) == []
    assert len(effects(without_pages)) == 1


def test_v1_05_two_people_of_one_name_are_two_and_do_not_contact_is_one_of_them(
    without_pages: Services, account: AccountRecord
) -> None:
    someone(without_pages, account, "maria-1", name="María García")
    someone(without_pages, account, "maria-2", name="María García")
    campaign(without_pages)
    with without_pages.database.transaction() as session:
        assert contacts.set_do_not_contact(session, account.id, f"{SANDBOX}maria-1/", value=True, by="tests")
    assert sorted(work_off(without_pages)) == [Outcome.DONE, Outcome.SKIPPED]
    assert [to for to, _ in effects(without_pages)] == [f"{SANDBOX}maria-2/"]


def test_v1_05_a_do_not_contact_list_that_cannot_be_read_means_nothing_is_sent(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone(without_pages, account, "ann")
    campaign(without_pages)

    def unreadable(*_: object, **__: object) -> None:
        raise OperationalError("select", {}, Exception("the connection is closed"))

    monkeypatch.setattr(gates, "find_closed_gate", unreadable)
    with pytest.raises(OperationalError):
        work_off(without_pages)
    assert effects(without_pages) == []


def test_v1_06_a_thread_that_changes_hands_after_typing_gets_nothing(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone(without_pages, account, "ann")
    campaign(without_pages)
    really_type = LedgerThread.type

    def type_and_change(thread: LedgerThread, text: str) -> None:
        really_type(thread, text)
        monkeypatch.setattr(LedgerThread, "recipient", lambda _: f"{SANDBOX}bob/")

    monkeypatch.setattr(LedgerThread, "type", type_and_change)
    assert work_off(without_pages) == [Outcome.SKIPPED]
    assert effects(without_pages) == []


def test_v1_07_an_exception_after_the_click_sends_nothing_again(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone(without_pages, account, "ann")
    campaign(without_pages)
    really_send = LedgerThread.click_send

    def send_and_fail(thread: LedgerThread) -> None:
        really_send(thread)
        raise TryAgainError(Reason.SITE_UNREACHABLE, "the page went away")

    monkeypatch.setattr(LedgerThread, "click_send", send_and_fail)
    assert work_off(without_pages) == [Outcome.UNCERTAIN, Outcome.DONE]
    assert len(effects(without_pages)) == 1


def test_v1_08_two_workers_and_one_unit_left_make_one_send(
    without_pages: Services, account: AccountRecord
) -> None:
    one_left = Limits(10, 1, 10, timedelta(0), timedelta(0))
    with without_pages.database.transaction() as session:
        limits.set_limits(session, account.id, Kind.GREET, one_left, by="tests")

    def ask(worker: int) -> bool:
        with closing(Services(without_pages.settings)) as own:
            grant = own.quota.reserve(account.id, Kind.GREET, "run", f"action-{worker}:1")
        return grant.decision.granted

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(ask, range(2))) == [False, True]


def test_v1_11_a_dry_run_leaves_quota_history_and_site_untouched(
    without_pages: Services, account: AccountRecord
) -> None:
    someone(without_pages, account, "ann")
    campaign_id = campaign(without_pages, dry_run=True)
    assert work_off(without_pages) == []
    with without_pages.database.transaction() as session:
        record = campaigns.find_campaign(session, campaign_id)
    assert record is not None
    assert record.preview is not None
    assert [line["contact"] for line in record.preview] == ["Ann"]
    assert count(without_pages, Action) == count(without_pages, Interaction) == 0
    assert effects(without_pages) == []
    _, decision = without_pages.quota.remaining(account.id, Kind.GREET, "run")
    assert decision.remaining is not None
    assert decision.remaining.day == builders.FREE.per_day


def test_v1_12_the_occasions_year_is_the_birthdays_not_the_sendings() -> None:
    days = recent_birthdays(date(2027, 1, 2), late_days=5)
    assert birthday_occasion(days[Birthday(12, 30)]) == "birthday:2026"
    assert (
        birthday_occasion(recent_birthdays(date(2027, 12, 30), late_days=0)[Birthday(12, 30)])
        == "birthday:2027"
    )
    assert Birthday(2, 29) in recent_birthdays(date(2027, 2, 28), late_days=0)


def test_v1_13_an_exception_between_send_and_commit_is_found_by_looking(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone(without_pages, account, "ann")
    campaign(without_pages)

    def no_database(*_: object, **__: object) -> bool:
        raise OperationalError("commit", {}, Exception("the connection is closed"))

    monkeypatch.setattr(settle, "record_effect", no_database)
    with pytest.raises(OperationalError):
        work_off(without_pages)
    monkeypatch.undo()
    assert len(effects(without_pages)) == 1
    lapse(without_pages)
    assert recover_lapsed(without_pages) == 0
    assert work_off(without_pages) == [Outcome.DONE]
    assert len(effects(without_pages)) == 1
    with without_pages.database.transaction() as session:
        (record,) = interactions.list_interactions(session, limit=10)
        assert record.status == "found"
        (state,) = session.scalars(select(Action.state))
    assert state == ActionState.DONE
