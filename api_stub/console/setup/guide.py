"""The guide: each step with what is done and what is not."""

from fastapi import APIRouter, Request, Response

from api_stub.app_state import AppDatabase
from api_stub.console.page import choose_account, render
from api_stub.console.session import Viewer
from api_stub.console.setup.steps import setup_steps
from db.store.campaigns import schedules
from worker.rules.model import CampaignKind

router = APIRouter(prefix="/setup", include_in_schema=False)


@router.get("")
def show_guide(request: Request, viewer: Viewer, database: AppDatabase) -> Response:
    """Show the steps for an account, and whether its greetings wait for approval."""
    with database.snapshot() as session:
        account, everybody = choose_account(session, request)
        steps = setup_steps(session, account)
        found = schedules.list_schedules(session, account=account.name) if account else []
    daily = next((each for each in found if each.kind is CampaignKind.BIRTHDAY and each.enabled), None)
    return render(
        request,
        viewer,
        "setup/guide.html",
        account=account,
        accounts=everybody,
        steps=steps,
        daily=daily,
        left=sum(not step.is_done for step in steps),
    )
