"""The page of a campaign: what it does and has done, and pause, resume and cancel."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console.campaigns import dry_runs, wording
from api_stub.console.campaigns.counting import count_ended
from api_stub.console.campaigns.obstacles import describe_halt
from api_stub.console.campaigns.option_fields import to_typed
from api_stub.console.errors import UnknownPageError
from api_stub.console.forms import Form
from api_stub.console.i18n import load_texts
from api_stub.console.page import done, render
from api_stub.console.session import Approver, Owner, SignedIn, Viewer
from api_stub.responses.forecast import DEFAULT_LATE_DAYS
from db.engine import Database
from db.store import audit
from db.store.actions import control
from db.store.actions.control import CampaignVerb
from db.store.campaigns import campaigns, requests, search_progress
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.requests import WaitingRequest
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.reports import halts, overview
from db.store.reports.forecasts import campaign_forecast
from worker.rules.model import CampaignKind
from worker.rules.reports.campaign_progress import OVER, campaign_progress

router = APIRouter(prefix="/campaigns/{campaign_id}", include_in_schema=False)

_A_PAGE: Final = 50


@router.get("")
def show_campaign(
    request: Request,
    campaign_id: UUID,
    viewer: Viewer,
    database: AppDatabase,
    before: Annotated[UUID | None, Query()] = None,
) -> Response:
    """Show a campaign and a page of its actions; of one that hasn't started, what was requested."""
    with database.snapshot() as session:
        campaign = campaigns.find_campaign(session, campaign_id)
        if campaign is None:
            return _show_waiting(request, viewer, session, campaign_id)
        account = accounts.get_account(session, campaign.account_id)
        values = _describe(session, account, campaign)
        lines = overview.list_campaign_page(session, campaign_id, limit=_A_PAGE + 1, before=before)
        halted = halts.list_halts(session, account)
    texts = load_texts(viewer.locale)
    return render(
        request,
        viewer,
        "campaigns/page.html",
        account=account,
        campaign=campaign,
        lines=lines[:_A_PAGE],
        older=lines[_A_PAGE - 1].id if len(lines) > _A_PAGE else None,
        is_first=before is None,
        halted=[describe_halt(halt, texts) for halt in halted[:1]] if not values["is_over"] else [],
        **values,
        **_words(),
    )


@router.post("/pause")
def pause(
    request: Request, campaign_id: UUID, viewer: Approver, _form: Form, database: AppDatabase
) -> Response:
    """Pause the campaign; nothing is dropped."""
    return _change(request, viewer, database, campaign_id, CampaignVerb.PAUSE)


@router.post("/resume")
def resume(
    request: Request, campaign_id: UUID, viewer: Approver, _form: Form, database: AppDatabase
) -> Response:
    """Resume the campaign."""
    return _change(request, viewer, database, campaign_id, CampaignVerb.RESUME)


@router.get("/cancel")
def ask_to_cancel(request: Request, campaign_id: UUID, viewer: Owner, database: AppDatabase) -> Response:
    """Ask once more, with the number of actions that would be left out."""
    with database.snapshot() as session:
        campaign = campaigns.find_campaign(session, campaign_id)
        if campaign is None or CampaignVerb.CANCEL not in control.list_allowed_verbs(campaign.state):
            raise UnknownPageError
        dropped = control.count_dropped_by_cancelling(session, campaign_id)
    return render(
        request, viewer, "campaigns/cancel.html", campaign=campaign, dropped=dropped, kinds=wording.KINDS
    )


@router.post("/cancel")
def cancel(
    request: Request, campaign_id: UUID, viewer: Owner, _form: Form, database: AppDatabase
) -> Response:
    """End the campaign for good."""
    return _change(request, viewer, database, campaign_id, CampaignVerb.CANCEL)


def _change(
    request: Request, viewer: SignedIn, database: Database, campaign_id: UUID, verb: CampaignVerb
) -> Response:
    texts = load_texts(viewer.locale)
    with database.transaction() as session:
        campaign = campaigns.find_campaign(session, campaign_id, lock=True)
        if campaign is None:
            raise UnknownPageError
        dropped = None
        if verb in control.list_allowed_verbs(campaign.state):
            audit.record_change(session, by=viewer.name, change=f"campaign.{verb}", about=str(campaign_id))
            dropped = control.change_campaign(session, campaign_id, verb)
    if dropped is None:
        said = texts.gettext("Nothing was changed: meanwhile the campaign had another state.")
    elif verb is CampaignVerb.CANCEL:
        said = texts.ngettext(
            "The campaign is cancelled; %(count)s planned action is left out.",
            "The campaign is cancelled; %(count)s planned actions are left out.",
            dropped,
        ) % {"count": dropped}
    elif verb is CampaignVerb.PAUSE:
        said = texts.gettext("The campaign is paused. Nothing was dropped.")
    else:
        said = texts.gettext("The campaign continues.")
    return done(request, viewer, f"/campaigns/{campaign_id}", said)


def _describe(session: Session, account: AccountRecord, campaign: CampaignRecord) -> Mapping[str, Any]:
    counts = campaigns.count_actions(session, campaign.id)
    progress = campaign_progress(campaign.state, counts, dry_run=campaign.is_dry_run)
    ended, total = count_ended(counts)
    is_over = progress in OVER
    end = (
        None
        if is_over
        else campaign_forecast.forecast_end(session, account, campaign, default_late_days=DEFAULT_LATE_DAYS)
    )
    return {
        "counts": counts,
        "progress": progress,
        "ended": ended,
        "total": total,
        "end": end,
        "is_over": is_over,
        "verbs": control.list_allowed_verbs(campaign.state),
        "typed": to_typed(campaign.options, campaign.kind),
        "search": search_progress.get_visit_progress(session, campaign.id),
        **_read_preview(campaign),
    }


def _read_preview(campaign: CampaignRecord) -> Mapping[str, Any]:
    """Return what a dry run found, as the page shows it."""
    lines = campaign.preview
    found: dict[str, Any] = {"dry_run": None, "invitations": None, "searched": ""}
    if lines is None:
        return found
    if lines and "search" in lines[0]:
        return {**found, "searched": lines[0]["search"]}
    if campaign.kind is CampaignKind.BIRTHDAY:
        return {**found, "dry_run": dry_runs.read_greetings(lines)}
    if campaign.kind is CampaignKind.VISITOR:
        return {**found, "dry_run": dry_runs.read_visits(lines)}
    return {**found, "invitations": lines}


def _show_waiting(request: Request, viewer: SignedIn, session: Session, campaign_id: UUID) -> Response:
    waiting: WaitingRequest | None = requests.find_waiting_request(session, campaign_id)
    if waiting is None:
        raise UnknownPageError
    typed = to_typed(waiting.options, waiting.kind)
    return render(request, viewer, "campaigns/requested.html", waiting=waiting, typed=typed, **_words())


def _words() -> Mapping[str, Any]:
    return {
        "kinds": wording.KINDS,
        "progress_words": wording.PROGRESS,
        "states": wording.STATES,
        "search_ends": wording.SEARCH_ENDS,
        "verdicts": wording.VERDICTS,
        "criteria_names": wording.CRITERIA,
        "section_names": wording.SECTIONS,
        "state_names": wording.STATES,
    }
