"""The list of schedules, and the form of each."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console.campaigns import wording
from api_stub.console.campaigns.form_page import fill_form, list_choices
from api_stub.console.campaigns.option_errors import GENERAL
from api_stub.console.campaigns.option_fields import FIELDS, Typed, read_typed, to_typed
from api_stub.console.campaigns.validation import check_options
from api_stub.console.errors import UnknownPageError
from api_stub.console.form_account import read_account
from api_stub.console.forms import Form
from api_stub.console.i18n import load_texts
from api_stub.console.page import choose_account, done, render
from api_stub.console.schedules.times import (
    FIRES_SHOWN,
    CheckedTimes,
    TypedTimes,
    check_times,
    describe_times,
    list_day_names,
    read_times,
    to_times,
)
from api_stub.console.session import Owner, SignedIn, Viewer
from db.store import audit
from db.store.campaigns import schedules
from db.store.campaigns.schedules import ScheduleRecord
from db.store.people.accounts import AccountRecord
from tasks.contract import CAMPAIGN_OPTIONS
from worker import clock
from worker.rules.dates.schedule_times import list_next_fires
from worker.rules.model import CampaignKind

router = APIRouter(prefix="/schedules", include_in_schema=False)


@router.get("")
def list_schedules(request: Request, viewer: Viewer, database: AppDatabase) -> Response:
    """Show an account's schedules with their next fires, and the kinds that have none."""
    with database.snapshot() as session:
        account, everybody = choose_account(session, request)
        found = schedules.list_schedules(session, account=account.name) if account else []
    return render(
        request,
        viewer,
        "schedules/list.html",
        account=account,
        accounts=everybody,
        lines=[_describe(schedule, viewer) for schedule in found],
        missing=[kind for kind in CampaignKind if kind not in {schedule.kind for schedule in found}],
        kinds=wording.KINDS,
        criteria_names=wording.CRITERIA,
    )


@router.get("/{kind}")
def show_form(request: Request, kind: CampaignKind, viewer: Owner, database: AppDatabase) -> Response:
    """Show the form of the schedule for a kind of campaign."""
    with database.snapshot() as session:
        account, _ = choose_account(session, request)
        if account is None:
            raise UnknownPageError
        found = schedules.find_schedule(session, account.name, kind)
        typed = to_typed(found.options, kind) if found else fill_form(kind)
        times = to_times(found.cron) if found else TypedTimes()
        return _render_form(request, viewer, session, kind, account=account, typed=typed, times=times)


@router.post("/{kind}/times")
def show_times(
    request: Request, kind: CampaignKind, viewer: Owner, form: Form, database: AppDatabase
) -> Response:
    """Show when the schedule of the form would fire: the part of the page."""
    texts = load_texts(viewer.locale)
    with database.transaction() as session:
        account = read_account(session, form)
    checked = check_times(read_times(form), account, clock.now(), texts)
    return render(request, viewer, "schedules/fires.html", account=account, times_checked=checked, kind=kind)


@router.post("/{kind}")
def save(request: Request, kind: CampaignKind, viewer: Owner, form: Form, database: AppDatabase) -> Response:
    """Save the schedule, and switch it on."""
    texts = load_texts(viewer.locale)
    with database.transaction() as session:
        account = read_account(session, form)
        typed, times = read_typed(form, FIELDS[kind]), read_times(form)
        checked = check_options(session, account, CAMPAIGN_OPTIONS[kind], typed, texts=texts)
        when = check_times(times, account, clock.now(), texts)
        if checked.options is None or when.error:
            errors = {**checked.errors, **({when.field: when.error} if when.error else {})}
            return _render_form(
                request,
                viewer,
                session,
                kind,
                account=account,
                typed=typed,
                times=times,
                errors=errors,
                status=422,
            )
        schedules.save_schedule(
            session, account_id=account.id, kind=kind, cron=when.cron,
            options=checked.options.model_dump(mode="json", exclude_none=True), next_fire_at=when.fires[0],
        )  # fmt: skip
        audit.record_change(
            session, by=viewer.name, change="schedule.set", about=f"{account.name}/{kind}", detail=when.cron
        )
    said = texts.gettext("The schedule is saved.")
    return done(request, viewer, f"/schedules?account={account.name}", said)


@router.post("/{kind}/off")
def switch_off(
    request: Request, kind: CampaignKind, viewer: Owner, form: Form, database: AppDatabase
) -> Response:
    """Switch the schedule off. Campaigns that have started continue."""
    with database.transaction() as session:
        account = read_account(session, form)
        if schedules.disable_schedule(session, account.id, kind):
            audit.record_change(
                session, by=viewer.name, change="schedule.off", about=f"{account.name}/{kind}"
            )
    said = load_texts(viewer.locale).gettext("These campaigns no longer start by themselves.")
    return done(request, viewer, f"/schedules?account={account.name}", said)


@router.post("/{kind}/on")
def switch_on(
    request: Request, kind: CampaignKind, viewer: Owner, form: Form, database: AppDatabase
) -> Response:
    """Switch the schedule on again, from its next time after now."""
    with database.transaction() as session:
        account = read_account(session, form)
        found = schedules.find_schedule(session, account.name, kind)
        if found is None:
            raise UnknownPageError
        if not found.enabled:
            coming = list_next_fires(found.cron, account.zone, clock.now(), count=1)
            schedules.save_schedule(
                session, account_id=account.id, kind=kind, cron=found.cron, options=found.options,
                next_fire_at=coming[0],
            )  # fmt: skip
            audit.record_change(session, by=viewer.name, change="schedule.on", about=f"{account.name}/{kind}")
    said = load_texts(viewer.locale).gettext("These campaigns start by themselves again.")
    return done(request, viewer, f"/schedules?account={account.name}", said)


def _describe(schedule: ScheduleRecord, viewer: SignedIn) -> Mapping[str, Any]:
    return {
        "schedule": schedule,
        "times": describe_times(schedule.cron, viewer.locale, load_texts(viewer.locale)),
        "fires": list_next_fires(schedule.cron, schedule.zone, clock.now(), count=FIRES_SHOWN),
        "typed": to_typed(schedule.options, schedule.kind),
    }


def _render_form(
    request: Request, viewer: SignedIn, session: Session, kind: CampaignKind, *, account: AccountRecord,
    typed: Typed, times: TypedTimes, errors: Mapping[str, str] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    checked = check_times(times, account, clock.now(), load_texts(viewer.locale))
    return render(
        request,
        viewer,
        "schedules/form.html",
        status=status,
        kind=kind,
        kinds=wording.KINDS,
        account=account,
        typed=typed,
        times=times,
        times_checked=CheckedTimes(fires=checked.fires) if errors else checked,
        day_names=list_day_names(viewer.locale),
        errors=errors or {},
        general_error=(errors or {}).get(GENERAL, ""),
        **list_choices(session, account, typed, viewer.locale),
    )
