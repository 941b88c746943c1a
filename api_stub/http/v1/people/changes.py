"""Change what is known about a contact, and whether the person may be contacted."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.faults import FaultType, wrong_field
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ControlCaller
from api_stub.http.v1.conditions import IfMatch
from api_stub.http.v1.fields import Day
from api_stub.http.v1.people.parts import (
    ContactId,
    conflicts,
    list_unchanged,
    require_contact,
    require_unchanged,
    tag_contact,
)
from api_stub.responses.contact_details import ContactDetailsOut, build_contact_details
from db.engine import today_in
from db.store.people import accounts, contacts, holds
from db.store.people.hand_edits import HandEdits
from db.store.people.lookup import ContactRecord
from db.store.reports.contacts import contact_details
from tasks.campaigns import hand_edits
from worker.errors import RequestRefusedError
from worker.rules.names.hand_edits import (
    LONGEST_REASON,
    EditRefusedError,
    check_call_by,
    check_hold_reason,
    check_language,
    parse_birthday,
)
from worker.rules.names.spoken_name import LONGEST_FIRST_NAME

router = APIRouter(prefix="/contacts/{contact_id}", tags=["contacts"])

_CHANGES = problems(FaultType.CONTACT_UNKNOWN, FaultType.CHANGED_MEANWHILE)


CallBy = Annotated[str, Field(min_length=1, max_length=LONGEST_FIRST_NAME), AfterValidator(check_call_by)]
BirthdayIn = Annotated[str, Field(pattern=r"^([0-9]{4}-|--)?[0-9]{1,2}-[0-9]{1,2}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$"), AfterValidator(check_language)]


class ContactPatch(BaseModel):
    """What to set by hand. A field that is null is no longer set by hand; one that is missing stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "minProperties": 1,
            "examples": [{"birthday": "--12-03", "call_by": "Zoë", "language": None}],
        },
    )

    birthday: BirthdayIn | None = Field(None, description="As 1980-03-14, --03-14 or 3-14.")
    call_by: CallBy | None = Field(None, description="What greetings call the person.")
    language: Language | None = Field(None, description="The language of greetings (ISO 639-1).")

    @model_validator(mode="after")
    def _something(self) -> "ContactPatch":
        if not self.model_fields_set:
            raise ValueError("nothing to change: give birthday, call_by or language")
        return self


class ReplannedOut(BaseModel):
    """What became of the person's planned greetings: how many of each."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [{"reworded": 1, "proposed_again": 0, "moved": 0, "dropped": 0}],
        },
    )

    reworded: int
    proposed_again: int = Field(description="An approved text changed, and waits for approval again.")
    moved: int
    dropped: int


class EditedOut(BaseModel):
    """The contact after the change."""

    contact: ContactDetailsOut
    replanned: ReplannedOut


@router.patch("", responses=problems(FaultType.CONFLICT) | _CHANGES)
def edit_contact(
    contact_id: ContactId,
    body: ContactPatch,
    *,
    caller: ControlCaller,
    database: AppDatabase,
    response: Response,
    if_match: IfMatch = None,
) -> EditedOut:
    """Set a person's birthday, name to be called by, or language. Imports and pages don't change it back.

    Planned greetings change with it; approved texts wait for approval again. 409 while a worker is about to
    send the person a greeting.
    """
    with database.transaction() as session:
        person = require_contact(session, contact_id)
        require_unchanged(session, contact_id, if_match)
        edits = _read_edits(session, person, body)
        with conflicts():
            replanned = hand_edits.edit_contact(session, contact_id, edits, by=caller.name)
        response.headers["ETag"] = tag_contact(session, contact_id)
        details = build_contact_details(person, contact_details.get_contact_details(session, contact_id))
    return EditedOut(contact=details, replanned=ReplannedOut.model_validate(replanned))


def _read_edits(session: Session, person: ContactRecord, body: ContactPatch) -> HandEdits:
    given = body.model_fields_set
    birthday: tuple[int, int, int | None] | tuple[()] | None = () if "birthday" in given else None
    if body.birthday is not None:
        today = today_in(session, accounts.get_account(session, person.account_id).zone)
        try:
            birthday = parse_birthday(body.birthday, today)
        except EditRefusedError as error:
            raise wrong_field("body.birthday", str(error)) from None
    return HandEdits(
        birthday=birthday,
        call_by=(body.call_by or "") if "call_by" in given else None,
        language=(body.language or "") if "language" in given else None,
    )


def _clean_reason(given: str | None) -> str | None:
    return None if given is None else check_hold_reason(given)


class HoldIn(BaseModel):
    """Until when a person is left alone, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"until": "2027-01-07", "reason": "on parental leave"}]},
    )

    until: Day = Field(
        description="The first day on which the person may be reached again, in the account's zone."
    )
    reason: Annotated[str | None, Field(max_length=LONGEST_REASON), AfterValidator(_clean_reason)] = Field(
        None, description="For people: it is shown, and never sent."
    )


class HeldOut(BaseModel):
    """One contact of the person, in one account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"contact_id": 17, "account": "ann", "hold_until": "2027-01-07", "waiting": 1}]
        }
    )

    contact_id: int
    account: str
    hold_until: date
    waiting: int = Field(description="How many planned actions wait.")


class HeldEverywhereOut(BaseModel):
    """Every account that knows the person."""

    items: list[HeldOut]


@router.put("/hold", responses=_CHANGES)
def hold_contact(
    contact_id: ContactId,
    body: HoldIn,
    *,
    caller: ControlCaller,
    database: AppDatabase,
    response: Response,
    if_match: IfMatch = None,
) -> HeldEverywhereOut:
    """Keep a person out of every campaign until a day, in all accounts that know the person.

    Checked until right before a click. Planned actions wait for that day; a greeting whose last day is
    earlier expires. The hold ends by itself.
    """
    with database.transaction() as session:
        known = list_unchanged(session, contact_id, if_match)
        held = [
            HeldOut(
                contact_id=each.id,
                account=each.account,
                hold_until=body.until,
                waiting=_hold(session, each.id, body, by=caller.name),
            )
            for each in known
        ]
        response.headers["ETag"] = tag_contact(session, contact_id)
    return HeldEverywhereOut(items=held)


def _hold(session: Session, contact_id: int, body: HoldIn, *, by: str) -> int:
    try:
        return holds.hold_contact(session, contact_id, body.until, reason=body.reason, by=by)
    except RequestRefusedError as error:
        raise wrong_field("body.until", str(error)) from None


@router.delete("/hold", status_code=204, responses=_CHANGES)
def release_contact(
    contact_id: ContactId, caller: ControlCaller, database: AppDatabase, if_match: IfMatch = None
) -> None:
    """End the hold on a person, in all accounts that know the person. Without a hold, nothing changes."""
    with database.transaction() as session:
        for each in list_unchanged(session, contact_id, if_match):
            holds.release_contact(session, each.id, by=caller.name)


@router.put("/do-not-contact", status_code=204, responses=_CHANGES)
def never_contact(
    contact_id: ContactId, caller: ControlCaller, database: AppDatabase, if_match: IfMatch = None
) -> None:
    """Never contact a person, from any account that knows them. Checked until right before a click."""
    with database.transaction() as session:
        for each in list_unchanged(session, contact_id, if_match):
            contacts.set_do_not_contact(
                session, each.account_id, each.profile_url, value=True, by=caller.name
            )


@router.delete("/do-not-contact", status_code=204, responses=_CHANGES)
def allow_contact(
    contact_id: ContactId, caller: ControlCaller, database: AppDatabase, if_match: IfMatch = None
) -> None:
    """Let this contact's account contact the person again. What was skipped meanwhile stays skipped."""
    with database.transaction() as session:
        person = require_contact(session, contact_id)
        require_unchanged(session, contact_id, if_match)
        contacts.set_do_not_contact(
            session, person.account_id, person.profile_url, value=False, by=caller.name
        )
