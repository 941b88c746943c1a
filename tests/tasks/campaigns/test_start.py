"""What can't work doesn't start, whoever asks."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.engine import Database
from db.tables import Campaign
from tasks.campaigns.start import start_campaign
from tasks.contract import BirthdayOptions, SourcingOptions, VisitorOptions
from tests.builders import TEN, an_account
from worker import logs
from worker.errors import RequestRefusedError

URL = "https://www.linkedin.com/search/results/people/?keywords=chef"

Start = Callable[[Session, UUID, bool], object]

STARTS: dict[str, Start] = {
    "birthday": lambda session, new, dry: start_campaign(
        session, account="real", campaign_id=new, options=BirthdayOptions(dry_run=dry, read_site=False)
    ),
    "visitor": lambda session, new, dry: start_campaign(
        session, account="real", campaign_id=new, options=VisitorOptions(dry_run=dry, not_seen_months=3)
    ),
    "sourcing": lambda session, new, dry: start_campaign(
        session, account="real", campaign_id=new, options=SourcingOptions(dry_run=dry, url=URL)
    ),
}


@pytest.mark.parametrize("kind", STARTS)
def test_a_site_without_an_adapter_is_refused_but_for_a_dry_run_that_reads_nothing(
    database: Database, kind: str
) -> None:
    with database.transaction() as session, logs.bound(correlation_id="test"):
        an_account(session, "real", site="linkedin", limits=TEN)
        with pytest.raises(RequestRefusedError, match="no adapter for linkedin yet"):
            STARTS[kind](session, uuid4(), False)
        assert session.scalars(select(func.count()).select_from(Campaign)).one() == 0
        STARTS[kind](session, uuid4(), True)
        assert session.scalars(select(Campaign.kind)).all() == [kind]


def test_a_dry_run_that_would_read_the_birthdays_page_is_refused(
    database: Database,
) -> None:
    with database.transaction() as session:
        an_account(session, "real", site="linkedin", limits=TEN)
        with pytest.raises(RequestRefusedError, match="no adapter"):
            start_campaign(
                session, account="real", campaign_id=uuid4(), options=BirthdayOptions(dry_run=True)
            )


def test_an_account_that_nobody_added_is_refused_in_words(database: Database) -> None:
    with (
        database.transaction() as session,
        pytest.raises(RequestRefusedError, match="no account called 'nobody'"),
    ):
        start_campaign(session, account="nobody", campaign_id=uuid4(), options=BirthdayOptions())
