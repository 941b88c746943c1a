"""Is it alive, is it ready, what has it done."""

import redis
from fastapi import APIRouter, Depends, Response
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError

from api_stub.http.access import AppDatabase, AppSettings, require_metrics_key
from api_stub.http.schemas import Check, Readiness
from db import migrate
from db.engine import Database
from worker import metrics, queues
from worker.errors import TryAgainError
from worker.settings import Settings

router = APIRouter(tags=["health"])


@router.get("/health")
def health() -> dict[str, str]:
    """Say that this process answers. Asks nobody else."""
    return {"status": "ok"}


@router.get("/ready", responses={503: {"model": Readiness}})
def ready(response: Response, settings: AppSettings, database: AppDatabase) -> Readiness:
    """Ask Postgres, its schema and Redis, and whether workers take messages of each queue; else 503."""
    answer = Readiness(
        ready=False,
        checks={
            "postgres": _ask_postgres(database),
            "schema": _ask_schema(database),
            "redis": _ask_redis(settings),
            "workers": _ask_workers(settings),
        },
    )
    answer.ready = all(check.ok for check in answer.checks.values())
    response.status_code = 200 if answer.ready else 503
    return answer


@router.get("/metrics", response_class=Response, dependencies=[Depends(require_metrics_key)])
def exposition(settings: AppSettings) -> Response:
    """Return every process's metrics in Prometheus' text format."""
    return Response(metrics.exposition(settings.metrics_dir), media_type="text/plain; version=0.0.4")


def _ask_postgres(database: Database) -> Check:
    try:
        with database.engine.connect() as connection:
            connection.execute(text("select 1"))
    except OperationalError:
        return Check(ok=False, detail="does not answer")
    return Check(ok=True, detail="answers")


def _ask_schema(database: Database) -> Check:
    try:
        current = migrate.is_current(database.engine)
    except (OperationalError, ProgrammingError):
        current = False
    return Check(ok=current, detail="current" if current else "run `rapport migrate`")


def _ask_redis(settings: Settings) -> Check:
    patience = Retry(NoBackoff(), 0)  # redis-py's own takes seconds
    client = redis.Redis(**settings.redis.client_options(), socket_timeout=2, retry=patience)
    try:
        client.ping()
    except redis.RedisError as error:
        return Check(ok=False, detail=type(error).__name__)
    finally:
        client.close()
    return Check(ok=True, detail="answers")


def _ask_workers(settings: Settings) -> Check:
    try:
        look = queues.look_at(settings.redis)
    except TryAgainError as error:
        return Check(ok=False, detail=str(error))
    return Check(ok=not look.untaken(queues.ALL_QUEUES), detail=look.says(queues.ALL_QUEUES))
