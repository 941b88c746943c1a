"""Interactions: what happened, as it was proven."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field

from api_stub.app_state import AppDatabase
from api_stub.http.faults import FaultType
from api_stub.http.lookups import check_account_filter
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ReadCaller
from api_stub.http.v1.fields import Instant
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.responses.history import InteractionOut
from db.store.actions import interactions
from tasks.contract import AccountName
from worker.rules.model import Kind

router = APIRouter(prefix="/interactions", tags=["interactions"])


class InteractionQuery(PageQuery):
    """Which interactions."""

    account: AccountName | None = Field(None, description="Only this account's.")
    campaign: UUID | None = Field(None, description="Only this campaign's.")
    contact: int | None = Field(None, ge=1, lt=2**63, description="Only those with this contact.")
    type: Kind | None = Field(None, description="Only of this type.")
    since: Instant | None = Field(None, description="Only those that happened at this instant or later.")
    until: Instant | None = Field(None, description="Only those that happened before this instant.")


@router.get("", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_interactions(
    request: Request, query: Annotated[InteractionQuery, Query()], _caller: ReadCaller, database: AppDatabase
) -> Page[InteractionOut]:
    """List what happened, newest first, with the texts that were proven."""
    before = read_position(request, query, tuple[datetime, int])
    with database.snapshot() as session:
        check_account_filter(session, query.account)
        found = interactions.list_history(
            session, limit=query.fetch_limit, before=before, account=query.account, kind=query.type,
            contact=query.contact, campaign=query.campaign, since=query.since, until=query.until,
        )  # fmt: skip
    return build_page(
        request, query, found, InteractionOut.model_validate, position=lambda line: (line.created_at, line.id)
    )
