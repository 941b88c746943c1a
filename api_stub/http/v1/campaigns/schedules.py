"""Schedules: campaigns that start by themselves, at times in the account's zone."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, ValidationError
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType, FieldFault, wrong_field
from api_stub.http.lookups import check_account_filter, require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ControlCaller, ReadCaller
from api_stub.http.v1.conditions import IfMatch, etag, require_match
from api_stub.http.v1.models.schedules import ScheduleIn, ScheduleOut, build_schedule
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.request_checks import check_campaign_request
from db.engine import Database
from db.store import audit
from db.store.campaigns import schedules
from db.store.campaigns.schedules import ScheduleRecord
from db.store.people.accounts import AccountRecord
from tasks.contract import CAMPAIGN_OPTIONS, AccountName, CampaignOptions
from worker import clock
from worker.errors import RequestRefusedError
from worker.rules.dates.schedule_times import list_next_fires
from worker.rules.model import CampaignKind

router = APIRouter(prefix="/schedules", tags=["schedules"])

_UNKNOWN = problems(FaultType.ACCOUNT_UNKNOWN, FaultType.SCHEDULE_UNKNOWN)
_SWITCH = problems(FaultType.ACCOUNT_UNKNOWN, FaultType.SCHEDULE_UNKNOWN, FaultType.CHANGED_MEANWHILE)


class ScheduleQuery(PageQuery):
    """Which schedules."""

    account: AccountName | None = Field(None, description="Only this account's.")


@router.get("", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_schedules(
    request: Request, query: Annotated[ScheduleQuery, Query()], _caller: ReadCaller, database: AppDatabase
) -> Page[ScheduleOut]:
    """List schedules by account and kind, each with its next starts."""
    after = read_position(request, query, tuple[str, CampaignKind])
    now = clock.now()
    with database.snapshot() as session:
        check_account_filter(session, query.account)
        found = schedules.list_schedules(session, account=query.account, limit=query.fetch_limit, after=after)
    return build_page(
        request,
        query,
        found,
        lambda line: build_schedule(line, now),
        position=lambda line: (line.account, line.kind),
    )


@router.get("/{account}/{kind}", responses=_UNKNOWN)
def show_schedule(
    account: AccountName, kind: CampaignKind, response: Response, _caller: ReadCaller, database: AppDatabase
) -> ScheduleOut:
    """Show the schedule of an account for one kind of campaign."""
    with database.snapshot() as session:
        require_account(session, account)
        record = _require(session, account, kind)
    response.headers["ETag"] = _etag(record)
    return build_schedule(record, clock.now())


@router.put(
    "/{account}/{kind}",
    responses=problems(FaultType.ACCOUNT_UNKNOWN, FaultType.CHANGED_MEANWHILE, FaultType.FIELDS_WRONG),
)
def set_schedule(
    account: AccountName,
    kind: CampaignKind,
    body: ScheduleIn,
    response: Response,
    *,
    caller: ControlCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> ScheduleOut:
    """Start campaigns of a kind by a schedule, in place of the account's schedule of this kind."""
    now = clock.now()
    with database.transaction() as session:
        owner = require_account(session, account)
        before = schedules.find_schedule(session, account, kind, lock=True)
        require_match(if_match, _etag(before) if before else None)
        options = _validate_options(session, owner, kind, body.options)
        try:
            coming = list_next_fires(body.cron, owner.zone, now, count=1)
        except RequestRefusedError as error:
            raise wrong_field("body.cron", str(error)) from None
        schedules.save_schedule(
            session, account_id=owner.id, kind=kind, cron=body.cron,
            options=options.model_dump(mode="json", exclude_none=True), next_fire_at=coming[0],
        )  # fmt: skip
        audit.record_change(
            session, by=caller.name, change="schedule.set", about=f"{account}/{kind}", detail=body.cron
        )
        record = _require(session, account, kind)
    response.headers["ETag"] = _etag(record)
    return build_schedule(record, now)


@router.post("/{account}/{kind}/off", responses=_SWITCH)
def switch_schedule_off(
    account: AccountName,
    kind: CampaignKind,
    response: Response,
    *,
    caller: ControlCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> ScheduleOut:
    """Switch a schedule off; it stays with its options. Campaigns that have started continue."""
    return _switch(database, account, kind, response, enabled=False, by=caller.name, if_match=if_match)


@router.post("/{account}/{kind}/on", responses=_SWITCH)
def switch_schedule_on(
    account: AccountName,
    kind: CampaignKind,
    response: Response,
    *,
    caller: ControlCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> ScheduleOut:
    """Switch a schedule on again, from its next time after now."""
    return _switch(database, account, kind, response, enabled=True, by=caller.name, if_match=if_match)


def _switch(
    database: Database, account: str, kind: CampaignKind, response: Response, *, enabled: bool, by: str,
    if_match: str | None,
) -> ScheduleOut:  # fmt: skip
    now = clock.now()
    with database.transaction() as session:
        owner = require_account(session, account)
        before = _require(session, account, kind, lock=True)
        require_match(if_match, _etag(before))
        if enabled != before.enabled:
            change = "schedule.on" if enabled else "schedule.off"
            audit.record_change(session, by=by, change=change, about=f"{account}/{kind}")
        if enabled and not before.enabled:
            coming = list_next_fires(before.cron, owner.zone, now, count=1)
            schedules.save_schedule(
                session, account_id=owner.id, kind=kind, cron=before.cron, options=before.options,
                next_fire_at=coming[0],
            )  # fmt: skip
        elif not enabled:
            schedules.disable_schedule(session, owner.id, kind)
        record = _require(session, account, kind)
    response.headers["ETag"] = _etag(record)
    return build_schedule(record, now)


def _require(session: Session, account: str, kind: CampaignKind, *, lock: bool = False) -> ScheduleRecord:
    record = schedules.find_schedule(session, account, kind, lock=lock)
    if record is None:
        raise Fault(FaultType.SCHEDULE_UNKNOWN, f"account {account} has no schedule for {kind} campaigns")
    return record


def _etag(record: ScheduleRecord) -> str:
    """Return the tag of what a person sets; the next start moves by itself."""
    return etag(record.cron, record.options, record.enabled)


def _validate_options(
    session: Session, account: AccountRecord, kind: CampaignKind, given: Mapping[str, Any]
) -> CampaignOptions:
    """Return the options of the kind. Raises Fault `fields-wrong` that names each wrong one."""
    try:
        options = CAMPAIGN_OPTIONS[kind].model_validate(dict(given))
    except ValidationError as error:
        errors = [
            FieldFault(
                ".".join(("body.options", *map(str, fault["loc"]))),
                fault["msg"].removeprefix("Value error, "),
            )
            for fault in error.errors()
        ]
        raise Fault(
            FaultType.FIELDS_WRONG,
            "; ".join(f"{each.field}: {each.message}" for each in errors),
            errors=errors,
        ) from None
    try:
        check_campaign_request(session, account, options)
    except RequestRefusedError as error:
        name, _, why = str(error).partition(": ")
        raise wrong_field(f"body.options.{name}", why) from None
    return options
