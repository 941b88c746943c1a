"""The metrics of this machine's processes, and a server for a machine that has no HTTP API."""

from collections.abc import Sequence
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from fastapi import FastAPI, Response
from prometheus_client.metrics_core import Metric

from api_stub.http.access.guard import HEALTH, METRICS, Guard
from api_stub.http.dependencies import require_metrics_key
from api_stub.http.models.health import Health
from api_stub.http.problems import install_error_handlers
from api_stub.http.request_context import RequestContext
from worker import logs
from worker.metrics import living
from worker.metrics.exposition import render_exposition
from worker.metrics.state import BUILD
from worker.settings import get_settings


class Part(StrEnum):
    """A part of the metrics: what the processes of a machine count, or the state in Postgres and Redis."""

    PROCESSES = "processes"
    STATE = "state"


def render_processes(metrics_dir: Path | None, state: Sequence[Metric] = ()) -> bytes:
    """Return the metrics of all processes of this machine, this one measured now, and `state`."""
    living.measure_memory()
    build = BUILD.build([((version("rapport"), python_version()), 1)])
    return render_exposition(metrics_dir, [build, *state])


def metrics_response(exposed: bytes) -> Response:
    """Return the metrics as Prometheus' text format."""
    return Response(exposed, media_type="text/plain; version=0.0.4")


def create_metrics_app() -> FastAPI:
    """Create a server with /metrics and /health only. It needs neither Postgres nor Redis."""
    settings = get_settings()
    logs.configure(settings)
    living.name_service("metrics")
    app = FastAPI(title="Rapport's metrics", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(RequestContext)
    install_error_handlers(app)

    @app.get(HEALTH)
    async def health() -> Health:
        return Health(status="ok")

    @app.get(METRICS, dependencies=require_metrics_key)
    def exposition(part: Part = Part.PROCESSES) -> Response:
        """Return the metrics of this machine's processes; the state is served by the HTTP API alone."""
        return metrics_response(b"" if part is Part.STATE else render_processes(settings.metrics_dir))

    return app
