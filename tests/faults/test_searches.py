"""A search whose workers are killed, at every failpoint."""

from functools import partial
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from db.store.campaigns import searches
from db.tables import Action, Hit, StoredProfile
from tasks.contract import SOURCING_CAMPAIGN
from tests.faults.harness import Harness
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.model import SearchEnd

PEOPLE = 15
POINTS = ("after_claim", "after_reserve", "before_send", "after_send", "after_record")


def a_search(harness: Harness, people: int) -> UUID:
    """Start a sourcing campaign by its task's name, as another service would."""
    campaign_id = uuid4()
    harness.publish(
        SOURCING_CAMPAIGN,
        account="demo",
        campaign_id=str(campaign_id),
        url=f"{harness.site.base_url}/search/people/?keywords=engineer",
        criteria={"skills": ["Planning"]},
        limit=people,
    )
    harness.wait_for("the first page", harness.lines)
    return campaign_id


def kill(harness: Harness, point: str) -> None:
    """Kill a worker at `point`, and wait until its action is done: one that loses two workers is given up."""
    harness.strike(point, "kill")
    with harness.database.transaction() as session:
        struck = session.scalars(select(Action.id).where(Action.state.in_(IN_FLIGHT))).all()
    for action_id in struck:
        harness.wait_for("the killed worker's action", partial(harness.is_done, action_id))


def is_over(harness: Harness, campaign_id: UUID) -> bool:
    with harness.database.transaction() as session:
        search = searches.find_search(session, campaign_id)
    return search is not None and search.ended is not None and harness.is_settled()


@pytest.mark.soak  # each change: a worker that lost its page, in tests/tasks/campaigns/test_searches.py
def test_a_search_loses_nobody_and_opens_nothing_twice_but_what_a_killed_worker_had_open(
    harness: Harness,
) -> None:
    harness.reset()
    campaign_id = a_search(harness, PEOPLE)
    for point in POINTS:
        kill(harness, point)
    harness.wait_for("the end of the search", lambda: is_over(harness, campaign_id) or harness.advance())
    views = {
        path: n for path, n in harness.site.views("demo").items() if path.startswith(("/search", "/in/"))
    }
    profiles = [path for path in views if path.startswith("/in/")]
    with harness.database.transaction() as session:
        search = searches.find_search(session, campaign_id)
        hits = session.scalars(select(func.count()).select_from(Hit)).one()
        kept = session.scalars(select(func.count()).select_from(StoredProfile)).one()
    assert search is not None
    assert search.ended is SearchEnd.LIMIT
    assert len(views) - len(profiles) == search.pages
    assert hits == kept == len(profiles) == PEOPLE
    # Only the kill between opening a page and storing its content costs a second view.
    assert sum(views.values()) - len(views) == 1
    assert harness.account is not None
    assert harness.quota.compare_with_ledger(harness.account.id)
