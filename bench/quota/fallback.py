"""The fallback over an account with 500 charges, against Redis' own decisions of the same account, in turn.

A decision of the engine alone, and then all that a task waits for: the account's limits are read, and if
Redis is away, that is noticed first. Postgres doesn't wait for the disk.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Final
from zoneinfo import ZoneInfo

from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.stack.environment import set_environment, settings_environment
from api_stub.stack.servers.redis import Redis
from bench.command import Given
from bench.report import Row
from bench.system.servers import open_database, run_postgres
from db.engine import Database
from db.store.people import accounts
from db.store.quota import epochs, limits
from db.store.quota.fallback import Fallback
from tasks.quota import Quota
from worker import clock, logs
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits, Totals
from worker.rules.quota.model import Charge, QuotaContext, QuotaState
from worker.servers import redis_address
from worker.settings import Settings

CHARGES: Final = 500
_MANY, _NO_GAP, _LEASE = 10**6, timedelta(0), timedelta(minutes=5)
_NOWHERE = "redis://127.0.0.1:1/0"
_RUN = "a campaign"

Reserve = Callable[[str], bool]


def compare_with_fallback(given: Given) -> Iterator[Row]:
    """Yield the time of a granted reservation by each."""
    set_environment(settings_environment({"log_level": "ERROR"}))  # the fallback warns each time
    logs.configure(Settings())
    with (
        Redis(given.folder / "redis") as redis,
        run_postgres(given.folder / "postgres") as postgres,
    ):
        migrate_and_seed(postgres.url)
        with open_database(postgres.url) as database:
            context = _add_account(database)
            here, away = (_connect(url) for url in (redis.url, _NOWHERE))
            yield from _describe(_measure(given, database, context, here, away))


def _connect(url: str) -> RedisQuota:
    return RedisQuota(redis_quota.connect(redis_address.parse(url)))


def _add_account(database: Database) -> QuotaContext:
    """Add an account that may do all it asks for; return what is decided with."""
    with database.transaction() as session:
        account = accounts.add_account(session, name="demo", site="ledger", zone=ZoneInfo("UTC"))
        wide = Limits(_MANY, _MANY, _MANY, _NO_GAP, _NO_GAP)
        limits.set_limits(session, account.id, Kind.GREET, wide, by="bench")
        limits.set_totals(session, account.id, Totals(_MANY, _MANY), by="bench")
        epochs.raise_epoch(session, account.id, seen=0)
        return limits.load_context(session, account.id, Kind.GREET, _RUN).context


def _measure(
    given: Given, database: Database, context: QuotaContext, here: RedisQuota, away: RedisQuota
) -> Mapping[str, list[float]]:
    """Return the seconds of each reservation. Each turn begins with as many charges."""

    def reserve_in_postgres(name: str) -> bool:
        with database.transaction() as session:
            return Fallback(session).reserve(context, name, lease=_LEASE).granted

    def ask_as_task(engine: RedisQuota) -> Reserve:
        quota = Quota(database, engine, lease=_LEASE)
        return lambda name: quota.reserve(context.account_id, Kind.GREET, _RUN, name).decision.granted

    ways: Mapping[str, Reserve] = {
        "Redis": lambda name: here.reserve(context, name, lease=_LEASE).granted,
        "Postgres": reserve_in_postgres,
        "Redis, as a task asks": ask_as_task(here),
        "Postgres, as a task asks: Redis is away": ask_as_task(away),
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    names = count()
    state = _charge(given.pick(quick=20, usual=CHARGES))
    for _ in range(given.pick(quick=1, usual=10)):
        here.install(context, state)
        with database.transaction() as session:
            Fallback(session).install(context, state)
        for way, reserve in ways.items():
            for _ in range(given.pick(quick=2, usual=10)):
                began = time.perf_counter()
                granted = reserve(f"{next(names):08x}-1111-4000-8000-000000000000:1")
                took[way].append(time.perf_counter() - began)
                assert granted, way
    return took


def _charge(units: int) -> QuotaState:
    """Return what an account has used that took so many units in its last days."""
    now = clock.now()
    used = Charge(Kind.GREET, "", now)
    return QuotaState(
        tuple(
            replace(
                used,
                reservation_id=f"{n:08x}-2222-4000-8000-000000000000:1",
                at=now - n * timedelta(minutes=15),
            )
            for n in range(1, units + 1)
        )
    )


def _describe(took: Mapping[str, list[float]]) -> Iterator[Row]:
    for way, times in took.items():
        by_redis = took["Redis, as a task asks" if "task" in way else "Redis"]
        p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[-1]
        ratio = p50 / statistics.median(by_redis)
        yield Row(
            f"a grant over {CHARGES} charges, by {way}", f"p50 {1e3 * p50:.2f} ms, p99 {1e3 * p99:.2f} ms",
            "" if times is by_redis else "by Redis", "" if times is by_redis else f"{ratio:.1f}", "",
        )  # fmt: skip
