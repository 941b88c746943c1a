"""Erase a person who asked for it, and undo the block."""

from pathlib import Path
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api_stub.app_state import AppDatabase, AppSettings
from api_stub.http.faults import Fault, FaultType, wrong_field
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import AdminCaller
from api_stub.http.v1.fields import ShortText
from api_stub.http.v1.people.parts import ContactId, conflicts, require_contact
from api_stub.responses.forgetting import ErasureOut, build_erasure
from db.engine import Database
from db.store import audit
from db.store.people import changes
from db.store.privacy import erasure, tombstones
from worker.rules.people.addresses import find_profile_site
from worker.screenshots import delete_evidence

router = APIRouter(tags=["contacts"])

_ADDRESS = "https://www.linkedin.com/in/zoe-lindqvist/"


class ForgetContactIn(BaseModel):
    """The confirmation."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"confirm": _ADDRESS}]})

    confirm: ShortText = Field(description="The contact's `profile_url`: who is erased, for good.")


@router.post(
    "/contacts/{contact_id}/forget",
    responses=problems(FaultType.CONTACT_UNKNOWN, FaultType.CONFLICT),
)
def forget_contact(
    contact_id: ContactId,
    body: ForgetContactIn,
    caller: AdminCaller,
    database: AppDatabase,
    settings: AppSettings,
) -> ErasureOut:
    """Erase a person who asked for it, from all accounts of the site, for good.

    Only a hash of the address stays, so that no search, page or import adds the person again. 409 while a
    worker or an import works on the person.
    """
    with database.transaction() as session:
        person = require_contact(session, contact_id)
    if body.confirm != person.profile_url:
        raise wrong_field("body.confirm", "this isn't the contact's profile_url; nothing was erased")
    return _forget(
        database, settings.evidence_dir, (person.site, person.profile_url), contact_id, caller.name
    )


class ForgetAddressIn(BaseModel):
    """Who is erased."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"profile_url": _ADDRESS, "confirm": "forget"}]}
    )

    profile_url: ShortText = Field(description="The person's profile address, stored or not.")
    confirm: Literal["forget"] = Field(description="Because it can't be undone.")


@router.post("/forgotten", responses=problems(FaultType.CONFLICT))
def forget_address(
    body: ForgetAddressIn, caller: AdminCaller, database: AppDatabase, settings: AppSettings
) -> ErasureOut:
    """Erase the person with this address. One who is not stored yet is then never collected."""
    return _forget(database, settings.evidence_dir, _read_address(body.profile_url), None, caller.name)


class AllowIn(BaseModel):
    """Who may be found again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"profile_url": _ADDRESS}]})

    profile_url: ShortText


@router.post("/forgotten/allow", status_code=204, responses=problems(FaultType.CONTACT_UNKNOWN))
def allow_forgotten(body: AllowIn, caller: AdminCaller, database: AppDatabase) -> None:
    """Allow a forgotten person who has agreed to be found again. Erased data doesn't come back."""
    site, address = _read_address(body.profile_url)
    with database.transaction() as session:
        audit.record_change(session, by=caller.name, change="contact.allow-again", about=site)
        if not tombstones.lift_tombstone(session, site, address, by=caller.name):
            raise Fault(FaultType.CONTACT_UNKNOWN, "nobody with this address was forgotten")


def _read_address(given: str) -> tuple[str, str]:
    found = find_profile_site(given)
    if found is None:
        raise wrong_field("body.profile_url", "this isn't a profile address")
    return found


def _forget(
    database: Database, evidence: Path, who: tuple[str, str], contact_id: int | None, by: str
) -> ErasureOut:
    """Erase the person of this site and address."""
    site, address = who
    with database.transaction() as session:
        if contact_id is None:
            audit.record_change(session, by=by, change=changes.FORGET, about=site)
        else:
            changes.record_change(session, contact_id, changes.FORGET, by=by)
        with conflicts():
            report = erasure.forget_person(session, site, address)
    # After the commit, because a file can't be rolled back.
    pictures = delete_evidence(evidence, report.account_ids, report.addresses)
    return build_erasure(report, pictures=pictures)
