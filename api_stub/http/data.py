"""Read what happened."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api_stub.http.access import AppDatabase, require_key
from api_stub.http.schemas import InteractionOut, InteractionPage
from db.store import interactions

router = APIRouter(prefix="/data", tags=["data"], dependencies=[Depends(require_key)])


@router.get("/interactions")
def list_interactions(
    database: AppDatabase,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=1, description="`next_before` of the page before.")] = None,
    account: Annotated[str | None, Query(description="Only this account's.")] = None,
) -> InteractionPage:
    """Return interactions, newest first."""
    with database.transaction() as session:
        found = interactions.page(session, limit=limit, before=before, account=account)
    return InteractionPage(
        items=[InteractionOut.model_validate(record) for record in found],
        next_before=found[-1].id if len(found) == limit else None,
    )
