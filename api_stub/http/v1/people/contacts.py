"""Contacts: the list, finding one, and all that is known about one."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api_stub.app_state import AppDatabase
from api_stub.http.faults import FaultType
from api_stub.http.lookups import check_account_filter
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ReadCaller
from api_stub.http.v1.fields import Instant, SearchText, ShortText
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position, write_cursor
from api_stub.http.v1.people.parts import ContactId, require_contact, tag_contact
from api_stub.responses.contact_details import ContactDetailsOut, HistoryEntryOut, build_contact_details
from api_stub.responses.contacts import ContactOut
from db.store.people import contact_list, lookup
from db.store.people.contact_list import ContactFilters, Place
from db.store.reports.contacts import contact_details, contact_history
from db.store.reports.contacts.contact_history import HistoryCursor
from tasks.contract import AccountName
from worker.rules.model import ContactStatus

router = APIRouter(tags=["contacts"])


class ContactQuery(PageQuery):
    """Whom a list of contacts shows."""

    account: AccountName | None = Field(None, description="Only this account's.")
    status: ContactStatus | None = Field(None, description="Only those with this status.")
    min_score: int | None = Field(None, ge=0, le=100, description="Only those with this score or more.")
    open_to_work: bool | None = Field(
        None, description="Only those whose profile says so; false: doesn't say so."
    )
    do_not_contact: bool | None = Field(
        None, description="Only those who are never contacted; false: may be."
    )
    on_hold: bool | None = Field(None, description="Only those who are on hold; false: who are not.")
    text: SearchText = Field(
        "",
        description="Only those with all these words, or words that begin with them, in name, headline, "
        "position, location or company; case and accents don't matter.",
    )
    since: Instant | None = Field(None, description="Only those who became known then or later.")
    until: Instant | None = Field(None, description="Only those who became known before.")


@router.get("/contacts", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_contacts(
    request: Request, query: Annotated[ContactQuery, Query()], _caller: ReadCaller, database: AppDatabase
) -> Page[ContactOut]:
    """Return people in the order in which they became known, except those who asked to be forgotten."""
    filters = ContactFilters(
        query.account,
        query.status,
        query.min_score,
        query.open_to_work,
        query.text.strip(),
        query.do_not_contact,
        query.on_hold,
        query.since,
        query.until,
    )
    after = read_position(request, query, Place)
    with database.snapshot() as session:
        check_account_filter(session, query.account)
        found = contact_list.list_contacts(session, filters, limit=query.fetch_limit, after=after)
    return build_page(request, query, found, ContactOut.model_validate, position=lambda line: line.place)


class FoundContactOut(BaseModel):
    """A contact that may be meant."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": 17, "account": "ann", "site": "linkedin", "full_name": "Zoë Lindqvist",
                    "profile_url": "https://www.linkedin.com/in/zoe-lindqvist/", "headline": "Engineer",
                    "company": "Volvo",
                }
            ]
        },
    )  # fmt: skip

    id: int
    account: str
    site: str
    full_name: str
    profile_url: str
    headline: str
    company: str


class FoundContactsOut(BaseModel):
    """Who is meant, and who else might be."""

    items: list[FoundContactOut] = Field(description="At most 20.")
    exact: bool = Field(
        description="By address, id or whole name, not only by a part of the name.", examples=[True]
    )
    count: int = Field(description="How many match.", examples=[1])
    suggestions: list[FoundContactOut] = Field(description="If nobody matches: whose names are most like it.")


@router.get("/contact-lookup", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def look_up_contacts(
    who: Annotated[
        ShortText,
        Query(description="A profile address or its last part, a contact's id, or words of the name."),
    ],
    _caller: ReadCaller,
    database: AppDatabase,
    account: Annotated[AccountName | None, Query(description="Look in this account only.")] = None,
) -> FoundContactsOut:
    """Find contacts by an address, an id or words of the name, as the command line does."""
    with database.snapshot() as session:
        check_account_filter(session, account)
        found = lookup.find_contacts(session, who, account=account)
        near = () if found.people else lookup.suggest_contacts(session, who, account=account)
    return FoundContactsOut(
        items=[FoundContactOut.model_validate(person) for person in found.people],
        exact=found.exact,
        count=found.count,
        suggestions=[FoundContactOut.model_validate(person) for person in near],
    )


@router.get("/contacts/{contact_id}", responses=problems(FaultType.CONTACT_UNKNOWN))
def show_contact(
    contact_id: ContactId, _caller: ReadCaller, database: AppDatabase, response: Response
) -> ContactDetailsOut:
    """Return all that is known about a person. The ETag covers what people can set."""
    with database.snapshot() as session:
        person = require_contact(session, contact_id)
        response.headers["ETag"] = tag_contact(session, contact_id)
        return build_contact_details(person, contact_details.get_contact_details(session, contact_id))


@router.get("/contacts/{contact_id}/history", responses=problems(FaultType.CONTACT_UNKNOWN))
def list_contact_history(
    contact_id: ContactId,
    request: Request,
    query: Annotated[PageQuery, Query()],
    _caller: ReadCaller,
    database: AppDatabase,
) -> Page[HistoryEntryOut]:
    """Return what happened with a person, newest first: messages, visits, imports, changes by hand."""
    before = read_position(request, query, str)
    with database.snapshot() as session:
        require_contact(session, contact_id)
        found = contact_history.list_history(
            session,
            contact_id,
            before=HistoryCursor.parse(before) if before else None,
            limit=query.limit,
        )
    return Page(
        items=[HistoryEntryOut.model_validate(entry) for entry in found.entries],
        next=write_cursor(request, str(found.after)) if found.after else None,
    )
