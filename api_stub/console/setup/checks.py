"""What a check of the installation finds that this process can see, and what only the command can."""

import sys
from collections.abc import Iterator

from fastapi import APIRouter, Request, Response

from api_stub.app_state import AppDatabase, AppSettings
from api_stub.checks import own_work, servers
from api_stub.checks.finding import Finding
from api_stub.console.page import render
from api_stub.console.session import Viewer
from db.engine import Database
from worker.settings import Settings

router = APIRouter(prefix="/setup/checks", include_in_schema=False)


@router.get("")
def show_checks(request: Request, viewer: Viewer, database: AppDatabase, settings: AppSettings) -> Response:
    """Run the checks and show what each found."""
    findings = list(run_checks(database, settings))
    return render(
        request,
        viewer,
        "setup/checks.html",
        findings=findings,
        missing=sum(not each.ok for each in findings),
        warnings=sum(each.is_warning for each in findings),
    )


def run_checks(database: Database, settings: Settings) -> Iterator[Finding]:
    """Yield what each check finds."""
    yield servers.check_postgres(database)
    yield servers.check_tables(database)
    yield servers.check_redis(settings.redis)
    yield servers.check_workers(settings.redis)
    yield from own_work.check_own_work(database, is_running=True, notice_keys=None)
    yield servers.check_subscriptions(database)
    yield own_work.check_python(sys.version_info[:3])
    yield own_work.check_packages()
