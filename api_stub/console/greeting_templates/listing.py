"""The list of templates."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Annotated, Any

from babel import Locale
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console.page import choose_account, render
from api_stub.console.session import Viewer
from db.store.actions import interactions
from db.store.campaigns import template_states, templates
from db.store.campaigns.templates import TemplateRecord
from worker.rules.messages.template_uses import count_uses

_GREETINGS_READ = 500

router = APIRouter(prefix="/templates", include_in_schema=False)


@router.get("")
def list_templates(
    request: Request,
    viewer: Viewer,
    database: AppDatabase,
    language: Annotated[str, Query(pattern="^([a-z]{2})?$")] = "",
) -> Response:
    """Show the templates that an account uses, and its own that are disabled, by language."""
    with database.snapshot() as session:
        account, everybody = choose_account(session, request)
        found = templates.list_templates(session, account_id=account.id if account else None)
        sent = (
            interactions.list_recent_greetings(session, account.id, limit=_GREETINGS_READ) if account else []
        )
        used = _list_used(session, account.id) if account else frozenset(record.id for record in found)
    languages = list(dict.fromkeys(record.language for record in found))
    shown = [record for record in found if language in {"", record.language}]
    names = Locale(viewer.locale).languages
    uses = count_uses({record.id: record.body for record in shown}, sent)
    return render(
        request,
        viewer,
        "greeting_templates/list.html",
        account=account,
        accounts=everybody,
        language=language,
        languages=[(code, names.get(code, code)) for code in languages],
        sent=len(sent),
        groups=[
            (
                names.get(code, code),
                [{**_describe(record, used, found), "use": uses.get(record.id)} for record in group],
            )
            for code, group in groupby(shown, key=lambda record: record.language)
        ],
    )


def _list_used(session: Session, account_id: int) -> frozenset[int]:
    return frozenset(template.id for template in templates.list_usable_templates(session, account_id))


def _describe(
    record: TemplateRecord, used: frozenset[int], found: Sequence[TemplateRecord]
) -> Mapping[str, Any]:
    refusal = template_states.find_refusal(record)
    return {
        "record": record,
        "refusal": refusal,
        "is_used": record.id in used and refusal is None,
        "is_replaced": record.enabled and record.id not in used,
        "warnings": template_states.warn_about(record, found),
    }
