"""Health, readiness and metrics."""

import redis
from fastapi import APIRouter, Request, Response
from prometheus_client.metrics_core import Metric
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from api_stub.app_state import AppSettings
from api_stub.http.dependencies import require_metrics_key
from api_stub.http.models.health import Check, Health, Readiness
from api_stub.http.process_metrics import Part, metrics_response, render_processes
from api_stub.http.readiness import CACHE_S, ReadinessProbe
from api_stub.http.state_metrics import read_queues, read_state
from db import migrate
from db.engine import Database
from db.store.reports import halts
from worker import queues
from worker.errors import TryAgainError
from worker.metrics.exposition import render_state
from worker.rules.halts import NEEDS_ATTENTION
from worker.servers import redis_permissions
from worker.settings import Settings

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> Health:
    """Answer 200 while this process works, without checking other servers."""
    return Health(status="ok")


@router.get("/ready", responses={503: {"model": Readiness}}, response_model_exclude_none=True)
async def ready(request: Request, response: Response) -> Readiness:
    """Check Postgres, its schema, Redis, and that workers take messages from each queue; 503 if one fails.

    Stopped accounts are named, but don't make the service unready: it still serves the other accounts.
    With the key, the answer lists each check; without it, only yes or no. Requests within four seconds share
    one answer.
    """
    probe: ReadinessProbe = request.app.state.probe
    answer = await probe.check()
    if not answer.ready:
        response.status_code, response.headers["Retry-After"] = 503, f"{CACHE_S:.0f}"
    return answer if request.state.known else Readiness(ready=answer.ready)


@router.get("/metrics", response_class=Response, dependencies=require_metrics_key)
def exposition(request: Request, settings: AppSettings, part: Part | None = None) -> Response:
    """Return metrics in Prometheus' text format: those of this machine's processes, and the state now.

    The state in Postgres and Redis is the same for all machines, so `part` returns one of both alone.
    """
    known: list[Metric] = []
    if part is not Part.PROCESSES:
        known = [
            *read_state(request.app.state.probed, by_account=settings.metrics_account_labels),
            *read_queues(settings),
        ]
    if part is Part.STATE:
        return metrics_response(render_state(known))
    return metrics_response(render_processes(settings.metrics_dir, known))


def create_probe_database(settings: Settings) -> Database:
    """Create the connection pool that only the probe uses."""
    return Database(
        settings.required("database_url").get_secret_value(),
        application_name="rapport ready",
        statement_timeout_ms=2000,
        connect_timeout_s=2,
        pool_timeout_s=2,
    )


def create_probe(settings: Settings, database: Database) -> ReadinessProbe:
    """Create the probe with the checks of /ready."""
    return ReadinessProbe(
        {
            "postgres": lambda: check_postgres(database),
            "schema": lambda: check_schema(database),
            "redis": lambda: check_redis(settings),
            "workers": lambda: check_workers(settings),
            "accounts": lambda: check_accounts(database),
        }
    )


def check_postgres(database: Database) -> Check:
    """Check that Postgres answers."""
    try:
        with database.engine.connect() as connection:
            connection.execute(text("select 1"))
    except (OperationalError, PoolTimeoutError):
        return Check(ok=False, detail="does not answer")
    return Check(ok=True, detail="answers")


def check_schema(database: Database) -> Check:
    """Check that the database has this version's schema."""
    try:
        remedy = migrate.find_remedy(database.engine)
    except (OperationalError, PoolTimeoutError):
        return Check(ok=False, detail="Postgres does not answer")
    except ProgrammingError:
        remedy = "run `rapport migrate`"
    return Check(ok=remedy is None, detail=remedy or "current")


def check_redis(settings: Settings) -> Check:
    """Check that Redis answers, and that its access list forbids nothing that Rapport needs."""
    try:
        with queues.connect(settings.redis) as client:
            missing = redis_permissions.find_missing(client)
    except redis.RedisError as error:
        return Check(ok=False, detail=type(error).__name__)
    if missing:
        return Check(ok=False, detail=f"its access list forbids {', '.join(missing)}")
    return Check(ok=True, detail="answers")


def check_workers(settings: Settings) -> Check:
    """Check that workers take messages from each queue."""
    try:
        snapshot = queues.take_snapshot_at(settings.redis)
    except TryAgainError as error:
        return Check(ok=False, detail=str(error))
    return Check(ok=not snapshot.unconsumed(queues.ALL_QUEUES), detail=snapshot.describe(queues.ALL_QUEUES))


def check_accounts(database: Database) -> Check:
    """Name the accounts that are stopped and why, or that the kill switch is on. Passes if they can be read.

    A load balancer that took the service out for one stopped account would stop the others too.
    """
    try:
        with database.snapshot() as session:
            halted = halts.list_halted_accounts(session)
    except (OperationalError, PoolTimeoutError):
        return Check(ok=False, detail="Postgres does not answer")
    except ProgrammingError:
        return Check(ok=False, detail="run `rapport migrate`")
    stopped = [f"{account.name}: {halt.code}" for account, halt in halted if halt.cause in NEEDS_ATTENTION]
    return Check(ok=True, detail=f"stopped: {', '.join(stopped)}" if stopped else "none is stopped")
