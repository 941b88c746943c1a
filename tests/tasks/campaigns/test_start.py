"""What can't work doesn't start, whoever asks."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from db.engine import Database
from tasks.campaigns.start import start_campaign
from tasks.contract import BirthdayOptions, SourcingOptions, VisitorOptions
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


def test_an_account_that_nobody_added_is_refused_in_words(database: Database) -> None:
    with (
        database.transaction() as session,
        pytest.raises(RequestRefusedError, match="no account called 'nobody'"),
    ):
        start_campaign(session, account="nobody", campaign_id=uuid4(), options=BirthdayOptions())
