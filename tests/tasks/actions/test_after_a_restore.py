"""Greetings whose sending a restored backup has lost: their threads show them, and nothing is sent again."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from db.store.people.accounts import AccountRecord
from db.tables import Interaction
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX, database_now
from tests.tasks.action_helpers import perform_next, state
from tests.tasks.scripted_site import ScriptedSite
from worker.errors import Reason
from worker.rules.model import ActionState, ThreadMessage
from worker.rules.quota.limits import Limits

ANN = f"{SANDBOX}ann/"
ANOTHER = "Another template, Ann!"
APART = Limits(
    per_run=100, per_day=100, per_week=700, gap_min=timedelta(minutes=30), gap_max=timedelta(minutes=30)
)
"""Some are left after the units are counted that may have been used in an hour."""


@pytest.fixture
def account(without_pages: Services, scripted: ScriptedSite) -> AccountRecord:
    with without_pages.database.transaction() as session:
        return builders.an_account(session, site="ledger", limits=APART)


def restore(services: Services, *, hours: int, ago: timedelta = timedelta(hours=1)) -> datetime:
    """Note a restoration of a backup that was so many hours old; return the instant of the backup."""
    with services.database.transaction() as session:
        at = database_now(session) - ago
        session.execute(
            text("insert into restores (backup_at, restored_at, restored_by) values (:since, :until, 'ops')"),
            {"since": at - timedelta(hours=hours), "until": at},
        )
        return at - timedelta(hours=hours)


def celebrate_in(services: Services, *, days: int) -> None:
    """Move the birthday, as a correction of the address book does."""
    with services.database.transaction() as session:
        session.execute(text("update actions set occasion_on = current_date + :days"), {"days": days})


def celebrate_on(services: Services, at: datetime) -> None:
    """Move the birthday to the day of this instant, which after midnight may be yesterday."""
    with services.database.transaction() as session:
        session.execute(text("update actions set occasion_on = :on"), {"on": at.date()})


def test_a_greeting_of_another_text_that_the_backup_lacks_is_found_and_counted(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    since = restore(without_pages, hours=1)
    celebrate_in(without_pages, days=3)
    scripted.threads[ANN].append(ThreadMessage(outgoing=True, text=ANOTHER, at=since + timedelta(minutes=5)))
    assert perform_next(without_pages) is Outcome.SKIPPED
    assert state(without_pages, greeting) == (ActionState.SKIPPED, Reason.ALREADY_GREETED)
    assert scripted.sent == []
    with without_pages.database.transaction() as session:
        assert session.scalars(select(Interaction.status)).all() == ["seen"]


def test_without_a_restoration_a_message_before_the_birthday_and_the_plan_is_no_greeting(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    restore(without_pages, hours=2, ago=timedelta(days=90))
    celebrate_in(without_pages, days=3)
    with without_pages.database.transaction() as session:
        before = database_now(session) - timedelta(days=2)
    scripted.threads[ANN].append(ThreadMessage(outgoing=True, text=ANOTHER, at=before))
    assert perform_next(without_pages) is Outcome.POSTPONED, "the quota counts the message first"
    with without_pages.database.transaction() as session:
        session.execute(text("update actions set not_before = now()"))
    assert perform_next(without_pages) is Outcome.DONE
    assert len(scripted.sent) == 1


def test_an_undated_message_that_the_backup_does_not_know_stops_the_greeting(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    celebrate_on(without_pages, restore(without_pages, hours=1))
    scripted.threads[ANN].append(ThreadMessage(outgoing=True, text=ANOTHER, at=None))
    assert perform_next(without_pages) is Outcome.SKIPPED
    assert state(without_pages, greeting) == (ActionState.SKIPPED, Reason.CANNOT_TELL)
    assert scripted.sent == []


def test_an_empty_thread_that_may_miss_messages_proves_nothing_after_a_restoration(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    celebrate_on(without_pages, restore(without_pages, hours=1))
    scripted.misses = True
    assert perform_next(without_pages) is Outcome.SKIPPED
    assert state(without_pages, greeting) == (ActionState.SKIPPED, Reason.CANNOT_TELL)
    assert scripted.sent == []


def test_who_has_no_message_of_the_lost_time_is_greeted(
    without_pages: Services, scripted: ScriptedSite, account: AccountRecord, greeting: UUID
) -> None:
    since = restore(without_pages, hours=1)
    celebrate_in(without_pages, days=0)
    scripted.threads[ANN].append(ThreadMessage(outgoing=True, text=ANOTHER, at=since - timedelta(days=200)))
    assert perform_next(without_pages) is Outcome.DONE
    assert len(scripted.sent) == 1
