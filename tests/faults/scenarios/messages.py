"""Duplicate messages, beats and dispatchers."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Final

from db.engine import Database
from db.store.actions import dispatch as actions_dispatch
from tasks.contract import BIRTHDAY_CAMPAIGN, BIRTHDAY_GREET, BIRTHDAY_READ
from tests.faults.harness import Harness
from tests.faults.scenarios.model import Scenario


def messages_doubled(harness: Harness) -> int:
    """Publish each action's message many times, so that both workers hold it at once."""
    copies = 0
    ids = harness.action_ids()
    while harness.count_done() < len(ids):
        for action_id in ids:
            harness.publish(BIRTHDAY_GREET, "birthday", action_id=str(action_id))
        copies += len(ids)
        harness.run_for(0.3)
    return copies


def queue_replayed(harness: Harness) -> int:
    """Publish every message again: the campaign, its reading, and each greeting."""
    harness.wait_until_settled()
    campaign = harness.campaigns[-1]
    ids = harness.action_ids()
    for _ in range(3):
        harness.publish(BIRTHDAY_CAMPAIGN, account="demo", late_days=0, campaign_id=str(campaign))
        harness.publish(BIRTHDAY_READ, "birthday", campaign_id=str(campaign))
        for action_id in ids:
            harness.publish(BIRTHDAY_GREET, "birthday", action_id=str(action_id))
    harness.run_for(2)
    return 3 * (len(ids) + 2)


def two_beats(harness: Harness) -> int:
    """Run a second beat for the whole campaign."""
    harness.start("beat2", "beat")
    harness.wait_until_settled()
    harness.stop_for_good("beat2")
    return 1


def many_dispatchers(harness: Harness, *, copies: int = 1) -> int:
    """Run four dispatchers beside that of the control worker, all at the same moment again and again."""

    def dispatch(database: Database) -> int:
        together.wait(timeout=30)
        with database.transaction() as session:
            due = list(actions_dispatch.queue_due_actions(session, batch=10, lease=harness.time_limit))
        for action in due * copies:
            harness.publish(BIRTHDAY_GREET, "birthday", action_id=str(action.action_id))
        return len(due)

    together = Barrier(4)
    databases = [Database(harness.postgres.url, application_name="a dispatcher") for _ in range(4)]
    planned, queued = len(harness.action_ids()), 0
    deadline = time.perf_counter() + 30
    with ThreadPoolExecutor(4) as pool:
        while harness.count_done() < planned and time.perf_counter() < deadline:
            queued += sum(pool.map(dispatch, databases))
            harness.run_for(0.05)
    for database in databases:
        database.close()
    return queued


def two_of_everything(harness: Harness) -> int:
    """Run two beats and five dispatchers, with four copies of each message, at once."""
    harness.start("beat2", "beat")
    strikes = many_dispatchers(harness, copies=4)
    harness.stop_for_good("beat2")
    return strikes


DOUBLES: Final = {
    "every message many times": Scenario(messages_doubled),
    "the queue replayed": Scenario(queue_replayed),
    "two beats": Scenario(two_beats),
    "five dispatchers": Scenario(many_dispatchers),
}
