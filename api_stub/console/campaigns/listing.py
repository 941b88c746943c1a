"""The list of campaigns."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from api_stub.app_state import AppDatabase
from api_stub.console.campaigns import wording
from api_stub.console.campaigns.counting import count_ended
from api_stub.console.page import choose_account, render
from api_stub.console.session import Viewer
from db.store.reports import overview

router = APIRouter(include_in_schema=False)

_A_PAGE = 20


@router.get("/campaigns")
def list_campaigns(
    request: Request, viewer: Viewer, database: AppDatabase, before: UUID | None = None
) -> Response:
    """Show an account's campaigns, newest first."""
    with database.snapshot() as session:
        account, everybody = choose_account(session, request)
        found = (
            overview.list_campaigns(session, limit=_A_PAGE + 1, before=before, account=account.name)
            if account
            else []
        )
    return render(
        request,
        viewer,
        "campaigns/list.html",
        account=account,
        accounts=everybody,
        lines=[(line, *count_ended(line.actions)) for line in found[:_A_PAGE]],
        older=found[_A_PAGE - 1].id if len(found) > _A_PAGE else None,
        is_first=before is None,
        kinds=wording.KINDS,
        progress=wording.PROGRESS,
    )
