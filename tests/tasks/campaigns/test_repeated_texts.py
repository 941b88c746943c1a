"""A text that a person had does not come again for two years."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from db.store.people.accounts import AccountRecord
from db.tables import Action, Interaction
from tasks.actions.settle import Outcome
from tasks.campaigns.start import start_campaign
from tasks.contract import BirthdayOptions
from tasks.services import Services
from tests import builders
from tests.tasks.drafting_helpers import a_day_passes, an_account_with_texts, campaign, carry_out, row
from worker.errors import Reason
from worker.rules.model import ActionState, Kind


@pytest.fixture
def account(without_pages: Services) -> AccountRecord:
    return an_account_with_texts(without_pages)


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
