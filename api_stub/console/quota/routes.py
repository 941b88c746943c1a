"""The pages of the quota: gauges of every window, what holds now, and who changed which limit."""

from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Request, Response

from api_stub.app_state import AppDatabase
from api_stub.console.page import choose_account, render
from api_stub.console.quota import calendar_pages, limit_forms
from api_stub.console.quota.calendar_words import CalendarWords
from api_stub.console.quota.gauges import WARM_UP_STEPS, build_quota_view
from api_stub.console.session import Viewer
from api_stub.responses.quota_changes import list_differences
from db.store.quota import limits, status
from db.store.reports import halts
from worker.rules.quota.notation import format_times

router = APIRouter(include_in_schema=False)

_CHANGES: Final = 20
"""How many of the newest changes of limits are listed."""


@router.get("/quota")
def show_quota(request: Request, viewer: Viewer, database: AppDatabase) -> Response:
    """Show an account's windows and gates, by the ledger in Postgres."""
    with database.snapshot() as session:
        account, everybody = choose_account(session, request)
        if account is None:
            return render(request, viewer, "quota/page.html", account=None, accounts=everybody)
        found = status.get_account_status(session, account)
        changes = limits.list_changes(session, account.id, newest=_CHANGES)
        halted = halts.list_halts(session, account)
    return render(
        request,
        viewer,
        "quota/page.html",
        account=account,
        accounts=everybody,
        quota=build_quota_view(found),
        halts=halted,
        changes=[(change, list(list_differences(change))) for change in changes],
        warm_up_steps=WARM_UP_STEPS,
        week=timedelta(days=7),
        format_times=format_times,
        wide=True,
        names=CalendarWords(viewer.locale),
    )


router.include_router(limit_forms.router)
router.include_router(calendar_pages.router)
