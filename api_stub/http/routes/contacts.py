"""List people."""

from typing import Annotated

from fastapi import APIRouter, Query

from api_stub.app_state import AppDatabase
from api_stub.http.dependencies import require_key
from api_stub.http.models.contacts import ContactPage, ContactQuery
from api_stub.responses.contacts import ContactOut
from db.store.people import contact_list
from db.store.people.contact_list import ContactFilters

router = APIRouter(prefix="/data", tags=["data"], dependencies=require_key)


@router.get("/contacts")
def list_contacts(database: AppDatabase, query: Annotated[ContactQuery, Query()]) -> ContactPage:
    """Return people, except those who asked to be forgotten."""
    filters = ContactFilters(
        query.account, query.status, query.min_score, query.open_to_work, query.text.strip()
    )
    with database.snapshot() as session:
        found = contact_list.list_contacts(session, filters, limit=query.limit, after=query.after)
    return ContactPage(
        items=[ContactOut.model_validate(line) for line in found],
        next_after=found[-1].id if len(found) == query.limit else None,
    )
