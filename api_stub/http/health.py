"""Is it alive, is it ready, what has it done."""

import redis
from fastapi import APIRouter, Depends, Response
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError

from api_stub.client import Client
from api_stub.http.access import AppClient, AppDatabase, AppSettings, require_metrics_key
from api_stub.http.schemas import Check, Readiness
from db import migrate
from db.engine import Database
from worker import metrics
from worker.errors import TryAgainError
from worker.settings import Settings

router = APIRouter(tags=["health"])


@router.get("/health")
def health() -> dict[str, str]:
    """Say that this process answers. Asks nobody else."""
    return {"status": "ok"}


@router.get("/ready", responses={503: {"model": Readiness}})
def ready(response: Response, settings: AppSettings, database: AppDatabase, client: AppClient) -> Readiness:
    """Ask Postgres, its schema, Redis and the workers; 503 unless all of them answer."""
    answer = Readiness(
        ready=False,
        checks={
            "postgres": _ask_postgres(database),
            "schema": _ask_schema(database),
            "redis": _ask_redis(settings),
            "workers": _ask_workers(client),
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


def _ask_workers(client: Client) -> Check:
    try:
        names = client.workers()
    except TryAgainError as error:
        return Check(ok=False, detail=str(error))
    missing = [role for role in ("browser", "control") if not any(name.startswith(role) for name in names)]
    detail = f"{', '.join(names) or 'none'} answered" + (
        f"; no {' and no '.join(missing)} worker" if missing else ""
    )
    return Check(ok=not missing, detail=detail)
