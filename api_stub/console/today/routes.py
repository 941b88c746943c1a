"""The first page: how the day of an account stands."""

from datetime import datetime
from pathlib import Path

from fastapi import APIRouter, Request, Response

from api_stub.app_state import AppDatabase, AppSettings
from api_stub.console.evidence import find_address
from api_stub.console.formats import format_near
from api_stub.console.i18n import load_texts
from api_stub.console.page import choose_account, render
from api_stub.console.session import Viewer
from api_stub.console.setup.steps import StepName, setup_steps
from api_stub.console.today.banners import Banners
from api_stub.console.today.days import Days
from api_stub.console.today.queue_watch import QueueWatch
from api_stub.console.today.standing import describe_day

router = APIRouter(include_in_schema=False)

_MOST_SHOWN = 50
"""People of one list: a page that can be read on a phone."""


@router.get("/")
def show_today(request: Request, viewer: Viewer, database: AppDatabase, settings: AppSettings) -> Response:
    """Show how the day of an account stands."""
    days: Days = request.app.state.days
    queues: QueueWatch = request.app.state.queue_watch
    texts = load_texts(viewer.locale)
    with database.snapshot() as session:
        account, everybody = choose_account(session, request)
        undone = [step.name for step in setup_steps(session, account) if not step.is_done]
    if account is None:
        return render(request, viewer, "today/none.html")
    page = days.read(database, account.id)

    def near(instant: datetime) -> str:
        return format_near(instant, page.day.now, account.zone, viewer.locale)

    proofs = {
        person.action_id: find_address(settings.evidence_dir, person.action_id, Path(person.screenshot))
        for person in page.day.greeted[:_MOST_SHOWN]
        if person.screenshot
    }
    return render(
        request,
        viewer,
        "today/page.html",
        account=account,
        accounts=everybody,
        day=page.day,
        standing=describe_day(page.day, texts, near),
        banners=list(Banners(account, page, queues.find_snapshot(), texts, near).list_all()),
        proofs=proofs,
        namesakes=page.namesakes,
        undone=undone,
        nobody_known=StepName.PEOPLE in undone,
        most=_MOST_SHOWN,
        near=near,
    )
