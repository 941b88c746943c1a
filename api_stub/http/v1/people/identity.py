"""Who a contact is: two who may be one person, and addresses that moved."""

from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType, wrong_field
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ControlCaller, ReadCaller
from api_stub.http.v1.conditions import IfMatch
from api_stub.http.v1.fields import ShortText
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.http.v1.people.parts import (
    ContactId,
    conflicts,
    require_contact,
    require_unchanged,
    tag_contact,
)
from api_stub.responses.contact_details import ContactDetailsOut, build_contact_details
from api_stub.responses.doubts import IdentityDoubtOut
from db.store import audit
from db.store.identity import doubts, learning, merging
from db.store.people.lookup import ContactRecord
from db.store.reports.contacts import contact_details
from tasks.contract import AccountName
from worker.rules.people.addresses import normalise_profile_url

router = APIRouter(tags=["contacts"])


class IdentityDoubtQuery(PageQuery):
    """Whose doubts."""

    account: AccountName = Field(description="The account's name.")


class DoubtPlace(NamedTuple):
    """Where a page begins: after the doubt about these two."""

    contact_id: int
    other_id: int


@router.get("/contact-doubts", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_identity_doubts(
    request: Request,
    query: Annotated[IdentityDoubtQuery, Query()],
    _caller: ReadCaller,
    database: AppDatabase,
) -> Page[IdentityDoubtOut]:
    """Return contacts of whom it is uncertain who they are, for a person to settle.

    Of two who may be the same person only one is greeted. Nothing is sent to an address that belongs to
    another member now.
    """
    after = read_position(request, query, DoubtPlace)
    with database.snapshot() as session:
        require_account(session, query.account)
        found = doubts.list_identity_doubts(
            session, account=query.account, after=after, limit=query.fetch_limit
        )
    return build_page(
        request, query, found, IdentityDoubtOut.model_validate, position=lambda each: each.place
    )


OtherId = Annotated[int, Field(ge=1, lt=2**63, description="The other contact, of the same account.")]


class MergeIn(BaseModel):
    """With whom the contact is one person."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"other_id": 23, "confirm": "merge"}]}
    )

    other_id: OtherId
    confirm: Literal["merge"] = Field(description="Because it can't be taken back.")


@router.post(
    "/contacts/{contact_id}/merge",
    responses=problems(FaultType.CONTACT_UNKNOWN, FaultType.CONFLICT),
)
def merge_contacts(
    contact_id: ContactId, body: MergeIn, caller: ControlCaller, database: AppDatabase, response: Response
) -> ContactDetailsOut:
    """Join two contacts that are one person, and return the one that remains: the older one.

    Their history and plans are one from then on; of two planned greetings for the same birthday one remains.
    """
    with database.transaction() as session:
        one, other = _require_two(session, contact_id, body.other_id)
        about = f"{one.account} {one.id} {other.id}"
        audit.record_change(session, by=caller.name, change="contact.merge", about=about)
        if not merging.merge_contacts(session, one.id, other.id, by=caller.name):
            raise Fault(
                FaultType.CONFLICT,
                "a worker or a command is using one of them right now; nothing was changed: try again in a "
                "minute",
                headers={"Retry-After": "60"},
            )
        return _describe(session, min(one.id, other.id), response)


class OtherIn(BaseModel):
    """Who the contact is not."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"other_id": 23}]})

    other_id: OtherId


@router.post(
    "/contacts/{contact_id}/distinct", status_code=204, responses=problems(FaultType.CONTACT_UNKNOWN)
)
def tell_apart(contact_id: ContactId, body: OtherIn, caller: ControlCaller, database: AppDatabase) -> None:
    """Say that two contacts of the same name and birthday are two people. Both are greeted then."""
    with database.transaction() as session:
        one, other = _require_two(session, contact_id, body.other_id)
        about = f"{one.account} {one.id} {other.id}"
        audit.record_change(session, by=caller.name, change="contact.distinct", about=about)
        learning.tell_apart(session, one.id, other.id, by=caller.name)


class AddressIn(BaseModel):
    """A profile address."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"profile_url": "https://www.linkedin.com/in/zoe-lindqvist/"}]},
    )

    profile_url: ShortText


@router.put(
    "/contacts/{contact_id}/address",
    responses=problems(FaultType.CONTACT_UNKNOWN, FaultType.CHANGED_MEANWHILE, FaultType.CONFLICT),
)
def set_address(
    contact_id: ContactId,
    body: AddressIn,
    *,
    caller: ControlCaller,
    database: AppDatabase,
    response: Response,
    if_match: IfMatch = None,
) -> ContactDetailsOut:
    """Set a person's profile address, because the stored one belongs to another member now.

    To say that whoever has the stored address now is still this person, send that address again.
    """
    with database.transaction() as session:
        person = require_contact(session, contact_id)
        require_unchanged(session, contact_id, if_match)
        address = normalise_profile_url(body.profile_url, person.site)
        if address is None:
            raise wrong_field("body.profile_url", f"this isn't a profile address of {person.site}")
        about = f"{person.account} {contact_id}"
        audit.record_change(session, by=caller.name, change="contact.address", about=about)
        with conflicts():
            doubts.set_address(session, contact_id, address, by=caller.name)
        return _describe(session, contact_id, response)


def _require_two(session: Session, contact_id: int, other_id: int) -> tuple[ContactRecord, ContactRecord]:
    one, other = require_contact(session, contact_id), require_contact(session, other_id)
    if one.id == other.id:
        raise wrong_field("body.other_id", "this is the same contact")
    if one.account_id != other.account_id:
        raise wrong_field("body.other_id", "this contact belongs to another account")
    return one, other


def _describe(session: Session, contact_id: int, response: Response) -> ContactDetailsOut:
    person = require_contact(session, contact_id)
    response.headers["ETag"] = tag_contact(session, contact_id)
    return build_contact_details(person, contact_details.get_contact_details(session, contact_id))
