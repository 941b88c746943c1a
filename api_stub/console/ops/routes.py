"""The page of operations: workers, queues, what is due, upkeep, accounts, and versions."""

from importlib.metadata import version
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from api_stub.app_state import AppProbed, AppSettings
from api_stub.console.ops.servers import read_broker, read_database
from api_stub.console.page import render
from api_stub.console.session import Viewer

router = APIRouter(include_in_schema=False)


@router.get("/ops")
def show_operations(request: Request, viewer: Viewer, settings: AppSettings, probed: AppProbed) -> Response:
    """Show what runs. Answers also while Redis or Postgres doesn't."""
    return render(
        request,
        viewer,
        "ops/page.html",
        broker=read_broker(settings.redis),
        state=read_database(probed),
        flower_url=settings.flower_url,
        grafana_url=settings.grafana_url,
        version=version("rapport"),
        utc=ZoneInfo("UTC"),
        wide=True,
    )
