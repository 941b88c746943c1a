"""Templates: list, add, change, switch and delete the texts of greetings, and preview them."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType, wrong_field
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ControlCaller, ReadCaller
from api_stub.http.v1.conditions import IfMatch, etag, require_match
from api_stub.http.v1.fields import RowId
from api_stub.http.v1.models.templates import (
    Language,
    PreviewIn,
    PreviewOut,
    TemplateChange,
    TemplateDetailOut,
    TemplateIn,
    TemplateOut,
    build_template,
    build_template_detail,
)
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.template_previews import preview_template
from db.store import audit
from db.store.campaigns import template_states, templates
from db.store.campaigns.templates import TemplateRecord
from tasks.contract import AccountName
from worker.rules.messages.template_syntax import TemplateRefusedError
from worker.rules.messages.templates import check_template

router = APIRouter(prefix="/templates", tags=["templates"])


class TemplateQuery(PageQuery):
    """Which templates."""

    account: AccountName | None = Field(
        None, description="Only those that this account uses, and its own that are disabled."
    )
    language: Language | None = Field(None, description="Only of this language.")


@router.get("", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_templates(
    request: Request, query: Annotated[TemplateQuery, Query()], _caller: ReadCaller, database: AppDatabase
) -> Page[TemplateOut]:
    """List templates. An account's own replace the shared ones of the same language, on the day or late."""
    after = read_position(request, query, int) or 0
    with database.snapshot() as session:
        owner = require_account(session, query.account).id if query.account else None
        found = templates.list_page(
            session, limit=query.fetch_limit, after=after, account_id=owner, language=query.language
        )
    return build_page(request, query, found, build_template, position=lambda record: record.id)


@router.post(
    "",
    status_code=201,
    responses=problems(FaultType.ACCOUNT_UNKNOWN, FaultType.ALREADY_EXISTS, FaultType.FIELDS_WRONG),
)
def add_template(
    body: TemplateIn, response: Response, caller: ControlCaller, database: AppDatabase
) -> TemplateDetailOut:
    """Add a template. One that could fail, be empty or be too long for anybody is refused."""
    with database.transaction() as session:
        owner = require_account(session, body.account).id if body.account else None
        try:
            number = templates.add_template(
                session, account_id=owner, language=body.language, late=body.late, body=body.text,
                weight=body.weight,
            )  # fmt: skip
        except TemplateRefusedError as error:
            raise wrong_field("body.text", str(error)) from None
        if number is None:
            raise Fault(FaultType.ALREADY_EXISTS, "there is a template with exactly this text already")
        audit.record_change(session, by=caller.name, change="template.add", about=str(number))
        record = _require(session, number)
        answer = _build_detail(session, record)
    response.headers["Location"] = f"/v1/templates/{number}"
    response.headers["ETag"] = etag(record)
    return answer


@router.post("/preview", responses=problems(FaultType.ACCOUNT_UNKNOWN, FaultType.TEMPLATE_UNKNOWN))
def preview_text(body: PreviewIn, _caller: ReadCaller, database: AppDatabase) -> PreviewOut:
    """Fill a template or a text in, for names and for people of an account. Nothing is stored or sent."""
    with database.snapshot() as session:
        record = _require(session, body.template) if body.template is not None else None
        text, late = (record.body, record.late) if record else (body.text or "", body.late)
        try:
            check_template(text, late=late)
        except TemplateRefusedError as error:
            raise wrong_field("body.text", str(error)) from None
        name = body.account or (record.account if record else None)
        account = require_account(session, name) if name else None
        found = preview_template(session, text, late=late, account=account, names=body.names, record=record)
    return PreviewOut.model_validate(found)


@router.get("/{template_id}", responses=problems(FaultType.TEMPLATE_UNKNOWN))
def show_template(
    template_id: RowId, response: Response, _caller: ReadCaller, database: AppDatabase
) -> TemplateDetailOut:
    """Show a template with what is odd about it beside the others of its language."""
    with database.snapshot() as session:
        record = _require(session, template_id)
        response.headers["ETag"] = etag(record)
        return _build_detail(session, record)


@router.patch(
    "/{template_id}",
    responses=problems(
        FaultType.TEMPLATE_UNKNOWN, FaultType.ALREADY_EXISTS, FaultType.CONFLICT, FaultType.CHANGED_MEANWHILE
    ),
)
def change_template(
    template_id: RowId,
    body: TemplateChange,
    response: Response,
    *,
    caller: ControlCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> TemplateDetailOut:
    """Change a template, or switch it on or off. Planned greetings keep their text.

    Of one that ships with Rapport, only the weight and `enabled` can be changed.
    """
    with database.transaction() as session:
        before = _require(session, template_id, lock=True)
        require_match(if_match, etag(before))
        _change(session, before, body, by=caller.name)
        record = _require(session, template_id)
        response.headers["ETag"] = etag(record)
        return _build_detail(session, record)


@router.delete(
    "/{template_id}",
    status_code=204,
    responses=problems(FaultType.TEMPLATE_UNKNOWN, FaultType.CONFLICT, FaultType.CHANGED_MEANWHILE),
)
def delete_template(
    template_id: RowId, caller: ControlCaller, database: AppDatabase, if_match: IfMatch = None
) -> None:
    """Delete one of your templates. Planned greetings keep their text. A default can only be disabled."""
    with database.transaction() as session:
        record = _require(session, template_id, lock=True)
        require_match(if_match, etag(record))
        if record.default:
            raise Fault(FaultType.CONFLICT, "it ships with Rapport, which would add it again: disable it")
        audit.record_change(session, by=caller.name, change="template.delete", about=str(template_id))
        templates.delete_template(session, template_id)


def _change(session: Session, before: TemplateRecord, body: TemplateChange, *, by: str) -> None:
    about = str(before.id)
    if body.enabled is not None and body.enabled != before.enabled:
        change = "template.enable" if body.enabled else "template.disable"
        audit.record_change(session, by=by, change=change, about=about)
        templates.set_template_enabled(session, before.id, enabled=body.enabled)
    language, late, text = body.merge_text(before)
    is_new_text = (language, late, text) != (before.language, before.late, before.body)
    weight = before.weight if body.weight is None else body.weight
    if is_new_text and before.default:
        raise Fault(FaultType.CONFLICT, "it ships with Rapport: only its weight and `enabled` can be changed")
    if is_new_text:
        try:
            is_changed = templates.change_template(
                session, before.id, language=language, late=late, body=text, weight=weight
            )
        except TemplateRefusedError as error:
            raise wrong_field("body.text", str(error)) from None
        if not is_changed:
            raise Fault(FaultType.ALREADY_EXISTS, "there is a template with exactly this text already")
    elif weight != before.weight:
        templates.set_template_weight(session, before.id, weight)
    if is_new_text or weight != before.weight:
        audit.record_change(session, by=by, change="template.change", about=about)


def _build_detail(session: Session, record: TemplateRecord) -> TemplateDetailOut:
    beside = _list_beside(session, record)
    return build_template_detail(
        record,
        warnings=template_states.warn_about(record, beside),
        alike=template_states.list_alike(record, beside) if template_states.is_used(record) else (),
    )


def _list_beside(session: Session, record: TemplateRecord) -> Sequence[TemplateRecord]:
    found = templates.list_templates(session, language=record.language)
    return [other for other in found if other.account in {None, record.account}]


def _require(session: Session, template_id: int, *, lock: bool = False) -> TemplateRecord:
    record = templates.find_template(session, template_id, lock=lock)
    if record is None:
        raise Fault(FaultType.TEMPLATE_UNKNOWN, f"there is no template {template_id}")
    return record
