"""Many processes, one account: no window is exceeded and none is left unused, also while Redis is flushed.

A grant counts once it is used as tasks/actions/perform.py uses it: started, then written to the ledger in the
transaction that asks whether its epoch still holds. The ledger in Postgres counts the effects.
"""

import multiprocessing
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from multiprocessing.synchronize import Barrier
from uuid import uuid4

import pytest
import redis
from sqlalchemy import func, select

from db.engine import Database
from db.store.quota import limits
from db.tables import Action, Interaction
from tasks.quota import Grant, Quota
from tests import builders
from tests.cluster import wait_for
from tests.quota.helpers import LEASE, a_context, is_current_epoch
from worker import clock
from worker.errors import TryAgainError
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import ActionState, Kind
from worker.rules.quota.breaker import Breaker, Outcome
from worker.rules.quota.limits import Limits, Totals
from worker.rules.quota.model import QuotaState, Verb, Verdict
from worker.servers import redis_address

FRESH = multiprocessing.get_context("forkserver")
"""Starts processes that share nothing with this one. Spawned, each would import for two seconds."""
FRESH.set_forkserver_preload([__name__])

NOWHERE = "redis://127.0.0.1:1/0"
SMALL = (4, 60, 60)
WHOLE = (16, 5000, 500)
"""Processes, attempts of each, and the limit of each window."""


def use(database: Database, quota: Quota, grant: Grant, *, campaign: str, contact: int) -> bool:
    """Write the effect to the ledger if the grant may still act."""
    if not quota.start(grant):
        return False
    with database.transaction() as session:
        if not is_current_epoch(session, grant.context.account_id, grant.context.epoch):
            return False
        action_id, _, attempt = grant.reservation_id.partition(":")
        now = func.clock_timestamp()
        session.add(
            Action(
                id=action_id, account_id=grant.context.account_id, contact_id=contact, campaign_id=campaign,
                kind=Kind.GREET, occasion=action_id, occasion_on=func.current_date(), message="Hi",
                state=ActionState.DONE, attempt=int(attempt), acting_since=now, acting_attempt=int(attempt),
                correlation_id="race",
            )
        )  # fmt: skip
        session.flush()
        session.add(
            Interaction(
                account_id=grant.context.account_id, contact_id=contact, action_id=action_id, type=Kind.GREET,
                status="sent", occasion=action_id, message="Hi", correlation_id="race",
            )
        )  # fmt: skip
    quota.settle(grant, Verb.COMMIT, Outcome.SUCCESS)
    return True


def ask_often(urls: tuple[str, str], ids: tuple[int, str, int], attempts: int, start: Barrier) -> None:
    """Run one process: reserve and use units as fast as possible."""
    database = Database(urls[0], application_name="race")
    quota = Quota(database, RedisQuota(redis_quota.connect(redis_address.parse(urls[1]))), lease=LEASE)
    account_id, campaign, contact = ids
    start.wait(120)
    for _ in range(attempts):
        try:
            grant = quota.reserve(account_id, Kind.GREET, campaign, f"{uuid4()}:1")
        except TryAgainError:  # counters that are lost again and again grant nothing
            continue
        if grant.decision.granted and not use(database, quota, grant, campaign=campaign, contact=contact):
            quota.settle(grant, Verb.RELEASE)
    database.close()


def race(
    database: Database, urls: tuple[str, str], size: tuple[int, int, int], meanwhile: Callable[[], object]
) -> int:
    """Let the processes run, and return how many effects the ledger holds."""
    processes, attempts, limit = size
    with database.transaction() as session:
        account = builders.an_account(session, limits=Limits(10**6, limit, limit, timedelta(0), timedelta(0)))
        limits.set_totals(session, account.id, Totals(limit, limit), by="tests")
        contact = builders.a_contact(session, account, "ann").id
        campaign = builders.a_campaign(session, account)
    start = FRESH.Barrier(processes + 1)
    ids = account.id, str(campaign), contact
    workers = [FRESH.Process(target=ask_often, args=(urls, ids, attempts, start)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    start.wait(120)
    meanwhile()
    for worker in workers:
        worker.join(600)
        assert worker.exitcode == 0
    return effects(database)


def reached(database: Database, goal: int) -> bool:
    return effects(database) >= goal


def effects(database: Database) -> int:
    with database.transaction() as session:
        return session.scalars(select(func.count()).select_from(Interaction)).one()


@pytest.fixture(params=[SMALL, pytest.param(WHOLE, marks=pytest.mark.soak)], ids=["small", "whole"])
def size(request: pytest.FixtureRequest) -> tuple[int, int, int]:
    chosen: tuple[int, int, int] = request.param
    return chosen


def test_redis_grants_the_limit_and_no_more(
    database: Database, database_url: str, redis_url: str, size: tuple[int, int, int]
) -> None:
    assert race(database, (database_url, redis_url), size, lambda: None) == size[2]


def test_the_fallback_grants_the_limit_and_no_more(
    database: Database, database_url: str, redis_url: str, size: tuple[int, int, int]
) -> None:
    assert race(database, (database_url, NOWHERE), size, lambda: None) == size[2]


def test_while_redis_is_flushed_the_limit_is_reached_and_not_exceeded(
    database: Database, database_url: str, redis_url: str, size: tuple[int, int, int]
) -> None:
    def forget() -> None:
        """Flush Redis twenty times, spread evenly over the effects of the run."""
        with redis.Redis.from_url(redis_url) as client:
            for number in range(20):
                goal = size[2] * number // 20
                wait_for(f"effect {goal}", partial(reached, database, goal), patience=timedelta(minutes=5))
                client.flushall()

    assert race(database, (database_url, redis_url), size, forget) == size[2]


def ask_for_probe(url: str, start: Barrier, results: "multiprocessing.SimpleQueue[bool]", name: str) -> None:
    quota = RedisQuota(redis_quota.connect(redis_address.parse(url)))
    start.wait(60)
    results.put(quota.reserve(a_context(), name, lease=LEASE).verdict is Verdict.GRANTED)


def test_a_half_open_breaker_lets_exactly_one_through(redis_url: str) -> None:
    past = clock.now() - timedelta(seconds=1)
    RedisQuota(redis_quota.connect(redis_address.parse(redis_url))).install(
        a_context(), QuotaState(breakers={Kind.GREET: Breaker(5, 1, past)})
    )
    start, results = FRESH.Barrier(4), FRESH.SimpleQueue()
    workers = [
        FRESH.Process(target=ask_for_probe, args=(redis_url, start, results, f"{n}:1")) for n in range(4)
    ]
    for worker in workers:
        worker.start()
    assert sum(results.get() for _ in workers) == 1
    for worker in workers:
        worker.join(30)
