"""Is it alive, is it ready, what has it done."""

import redis
from fastapi import APIRouter, Request, Response
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from api_stub.http.dependencies import AppSettings, require_metrics_key
from api_stub.http.models import Check, Health, Readiness
from api_stub.http.readiness import ReadinessProbe
from db import migrate
from db.engine import Database
from worker import metrics, queues
from worker.errors import TryAgainError
from worker.settings import Settings

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> Health:
    """Say that this process answers. Asks nobody else."""
    return Health(status="ok")


@router.get("/ready", responses={503: {"model": Readiness}}, response_model_exclude_none=True)
async def ready(request: Request, response: Response) -> Readiness:
    """Ask Postgres, its schema and Redis, and whether workers take messages of each queue; else 503.

    Whoever has the key is told which of them does not; others are told yes or no. Many at once, and any
    within four seconds, get one answer.
    """
    probe: ReadinessProbe = request.app.state.probe
    answer = await probe.answer()
    response.status_code = 200 if answer.ready else 503
    return answer if request.state.known else Readiness(ready=answer.ready)


@router.get("/metrics", response_class=Response, dependencies=require_metrics_key)
def exposition(settings: AppSettings) -> Response:
    """Return every process's metrics in Prometheus' text format."""
    return Response(metrics.render_exposition(settings.metrics_dir), media_type="text/plain; version=0.0.4")


def create_probe_database(settings: Settings) -> Database:
    """Return the way to Postgres that only the probe uses."""
    return Database(
        settings.required("database_url").get_secret_value(),
        application_name="rapport ready",
        statement_timeout_ms=2000,
        connect_timeout_s=2,
        pool_timeout_s=2,
    )


def create_probe(settings: Settings, database: Database) -> ReadinessProbe:
    """Return the probe of what this front door's work depends on."""
    return ReadinessProbe(
        {
            "postgres": lambda: check_postgres(database),
            "schema": lambda: check_schema(database),
            "redis": lambda: check_redis(settings),
            "workers": lambda: check_workers(settings),
        }
    )


def check_postgres(database: Database) -> Check:
    """Ask for nothing but an answer."""
    try:
        with database.engine.connect() as connection:
            connection.execute(text("select 1"))
    except (OperationalError, PoolTimeoutError):
        return Check(ok=False, detail="does not answer")
    return Check(ok=True, detail="answers")


def check_schema(database: Database) -> Check:
    """Ask whether the tables are this code's."""
    try:
        current = migrate.is_schema_current(database.engine)
    except (OperationalError, PoolTimeoutError):
        return Check(ok=False, detail="Postgres does not answer")
    except ProgrammingError:
        current = False
    return Check(ok=current, detail="current" if current else "run `rapport migrate`")


def check_redis(settings: Settings) -> Check:
    """Ask for nothing but an answer."""
    try:
        with queues.connect(settings.redis) as client:
            client.ping()
    except redis.RedisError as error:
        return Check(ok=False, detail=type(error).__name__)
    return Check(ok=True, detail="answers")


def check_workers(settings: Settings) -> Check:
    """Ask whether workers take the messages of each queue."""
    try:
        snapshot = queues.take_snapshot_at(settings.redis)
    except TryAgainError as error:
        return Check(ok=False, detail=str(error))
    return Check(ok=not snapshot.unconsumed(queues.ALL_QUEUES), detail=snapshot.describe(queues.ALL_QUEUES))
