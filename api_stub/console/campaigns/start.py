"""The forms that start a campaign, each with a dry run beside it."""

from gettext import NullTranslations
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response

from api_stub.app_state import AppClient, AppDatabase, AppSettings
from api_stub.campaign_requests import keep_campaign_request, publish_campaign_request
from api_stub.console.campaigns import wording
from api_stub.console.campaigns.dry_runs import preview_campaign
from api_stub.console.campaigns.form_page import dry_run_values, fill_form, render_form
from api_stub.console.campaigns.obstacles import find_obstacle
from api_stub.console.campaigns.option_errors import GENERAL
from api_stub.console.campaigns.option_fields import FIELDS, read_typed
from api_stub.console.campaigns.validation import REQUESTS, CheckedOptions, check_options
from api_stub.console.errors import UnknownPageError
from api_stub.console.form_account import read_account
from api_stub.console.forms import Form, FormRefusedError, PostedForm
from api_stub.console.i18n import load_texts
from api_stub.console.page import choose_account, done, render
from api_stub.console.session import Owner
from db.store import audit
from db.store.campaigns import requests
from tasks.contract import CAMPAIGN_OPTIONS, AnyCampaignRequest
from worker.rules.model import CampaignKind

router = APIRouter(prefix="/campaigns/new", include_in_schema=False)


@router.get("")
def choose_kind(request: Request, viewer: Owner, database: AppDatabase) -> Response:
    """Show the kinds of campaign."""
    with database.snapshot() as session:
        account, everybody = choose_account(session, request)
    return render(
        request, viewer, "campaigns/kinds.html", account=account, accounts=everybody,
        kinds=wording.KINDS, purposes=wording.PURPOSES,
    )  # fmt: skip


@router.get("/{kind}")
def show_form(request: Request, kind: CampaignKind, viewer: Owner, database: AppDatabase) -> Response:
    """Show the form of a kind, with the defaults or the saved search `?saved=`."""
    with database.snapshot() as session:
        account, everybody = choose_account(session, request)
        if account is None:
            raise UnknownPageError
        typed = fill_form(kind, request.query_params.get("saved"))
        return render_form(request, viewer, session, kind, account=account, typed=typed, everybody=everybody)


@router.post("/{kind}/dry-run")
def show_dry_run(
    request: Request, kind: CampaignKind, viewer: Owner, form: Form, database: AppDatabase
) -> Response:
    """Show what the campaign of the form would do: the part of the page, or without htmx the whole."""
    texts = load_texts(viewer.locale)
    with database.snapshot() as session:
        account = read_account(session, form)
        typed = read_typed(form, FIELDS[kind])
        checked = check_options(session, account, CAMPAIGN_OPTIONS[kind], typed, texts=texts)
        dry_run = (
            preview_campaign(session, account, checked.options, checked.search) if checked.options else None
        )
        if "hx-request" in request.headers:
            return render(
                request, viewer, "campaigns/dry_run.html",
                **dry_run_values(kind, account, dry_run, checked.errors),
            )  # fmt: skip
        return render_form(
            request, viewer, session, kind, account=account, typed=typed,
            campaign_id=str(_read_id(form)), dry_run=dry_run, errors=checked.errors,
        )  # fmt: skip


@router.post("/{kind}")
def start(
    request: Request, kind: CampaignKind, *, viewer: Owner, form: Form, database: AppDatabase,
    client: AppClient, settings: AppSettings,
) -> Response:  # fmt: skip
    """Request the campaign, once for each form; with `dry_run`, a worker only shows what it would do."""
    texts = load_texts(viewer.locale)
    dry_run = form.flag("dry_run")
    campaign_id = uuid4() if dry_run else _read_id(form)
    correlation_id = str(campaign_id)
    with database.transaction() as session:
        account = read_account(session, form)
        typed = read_typed(form, FIELDS[kind])
        others = {"account": account.name, "campaign_id": campaign_id, "dry_run": dry_run}
        checked: CheckedOptions[AnyCampaignRequest] = check_options(
            session, account, REQUESTS[kind], typed, texts=texts, others=others
        )
        errors, wanted = checked.errors, checked.options
        is_repeated = requests.is_requested(session, campaign_id)
        if wanted is not None and not is_repeated:
            obstacle = find_obstacle(session, account, wanted, settings.redis, texts)
            errors = {GENERAL: texts.gettext("Nothing was started.") + " " + obstacle} if obstacle else {}
        if wanted is not None and not errors:
            if keep_campaign_request(session, account, wanted, correlation_id) is None:
                errors = {GENERAL: _describe_conflict(texts)}
            elif not is_repeated:
                audit.record_change(session, by=viewer.name, change="campaign.start", about=str(campaign_id))
        if errors or wanted is None:
            return render_form(
                request, viewer, session, kind, account=account, typed=typed, errors=errors, status=422,
                campaign_id="" if is_repeated else str(campaign_id),
            )  # fmt: skip
    if not is_repeated:
        publish_campaign_request(client, wanted, campaign_id, correlation_id)
    said = texts.gettext("It is requested: a worker takes it up now.")
    return done(request, viewer, f"/campaigns/{campaign_id}", said)


def _read_id(form: PostedForm) -> UUID:
    """Return the id that the form was made with, so that it starts one campaign however often it is sent."""
    found = form.ids("campaign_id")
    if len(found) != 1:
        raise FormRefusedError("campaign_id")
    return found[0]


def _describe_conflict(texts: NullTranslations) -> str:
    return texts.gettext(
        "This form has already started a campaign with other options. To start another one, send it again."
    )
