"""Correct by hand what is known of a person, and see at once what greetings would say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console.forms import Form
from api_stub.console.i18n import load_texts
from api_stub.console.page import done, render, say
from api_stub.console.people import wording
from api_stub.console.people.chosen import ContactId, find_person
from api_stub.console.people.wording import say_fault
from api_stub.console.session import Approver, SignedIn
from db.engine import today_in
from db.store.people import accounts
from db.store.people.hand_edits import HandEdits
from db.store.reports.contacts import contact_details
from db.store.reports.contacts.contact_details import ContactDetails
from tasks.campaigns import hand_edits
from tasks.campaigns.hand_edits import ReplannedGreetings
from worker.errors import Reason
from worker.rules.dates.birthdays import next_birthday
from worker.rules.model import Birthday
from worker.rules.names.hand_edits import (
    EditRefusedError,
    check_call_by,
    check_language,
    format_birthday,
    parse_birthday,
)

router = APIRouter(prefix="/people", include_in_schema=False)

Value = TypeVar("Value")
Off = TypeVar("Off")
NOTHING: Mapping[str, str] = {}
FIELDS = ("call_by", "birthday", "language")


@router.get("/{contact}/edit")
def show_form(request: Request, approver: Approver, database: AppDatabase, contact: ContactId) -> Response:
    """Show what can be corrected."""
    with database.snapshot() as session:
        return _render_form(request, approver, session, contact, typed=_stored(session, contact))


@router.post("/{contact}/edit")
def save(
    request: Request, approver: Approver, database: AppDatabase, contact: ContactId, form: Form
) -> Response:
    """Store what was corrected; an emptied field is no longer by hand. `check` only shows the greeting."""
    typed = {name: form.text(name) for name in FIELDS}
    with database.transaction() as session:
        person = find_person(session, contact)
        today = today_in(session, accounts.get_account(session, person.account_id).zone)
        edits, errors = _read_edits(approver, typed, _stored(session, contact), today)
        if errors or form.flag("check"):
            status = 422 if errors else 200
            return _render_form(
                request, approver, session, contact, typed=typed, errors=errors, status=status
            )
        replanned = hand_edits.edit_contact(session, contact, edits, by=approver.name)
    told = [say(approver, wording.EDITED, name=person.full_name), *_describe(approver, replanned)]
    return done(request, approver, f"/people/{contact}", " ".join(told))


@router.post("/{contact}/greeting")
def show_greeting(
    request: Request, approver: Approver, database: AppDatabase, contact: ContactId, form: Form
) -> Response:
    """Show what a greeting would say with the name as typed so far."""
    with database.snapshot() as session:
        find_person(session, contact)
        preview = _preview(approver, session, contact, form.text("call_by"))
        return render(request, approver, "people/greeting.html", preview=preview)


@dataclass(frozen=True, slots=True)
class Preview:
    """The greeting for the next birthday, why there is none, or what is wrong with the name."""

    text: str = ""
    reason: Reason | None = None
    error: str = ""


def _render_form(
    request: Request,
    viewer: SignedIn,
    session: Session,
    contact_id: int,
    *,
    typed: Mapping[str, str],
    errors: Mapping[str, str] = NOTHING,
    status: int = 200,
) -> Response:
    person = find_person(session, contact_id)
    return render(
        request,
        viewer,
        "people/edit.html",
        status=status,
        person=person,
        details=contact_details.get_contact_details(session, contact_id),
        typed=typed,
        errors=errors,
        preview=_preview(viewer, session, contact_id, typed["call_by"]),
    )


def _preview(viewer: SignedIn, session: Session, contact_id: int, call_by: str) -> Preview:
    try:
        name = check_call_by(call_by) if call_by else None
    except EditRefusedError as error:
        return Preview(error=say_fault(viewer, error.fault))
    person = find_person(session, contact_id)
    today = today_in(session, accounts.get_account(session, person.account_id).zone)
    born = contact_details.get_contact_details(session, contact_id).birthday
    on = next_birthday(Birthday(born[1], born[2]), today) if born else None
    draft = hand_edits.preview_greeting(session, contact_id, on or today, call_by=name)
    return Preview(reason=draft) if isinstance(draft, Reason) else Preview(draft.message)


def _stored(session: Session, contact_id: int) -> Mapping[str, str]:
    """Return the values that were set by hand, as a person types them."""
    find_person(session, contact_id)
    known: ContactDetails = contact_details.get_contact_details(session, contact_id)
    birthday = known.birthday if "birthday" in known.by_hand else None
    return {
        "call_by": known.call_by or "",
        "birthday": format_birthday(birthday[1], birthday[2], birthday[0]) if birthday else "",
        "language": (known.language or "") if "language" in known.by_hand else "",
    }


def _read_edits(
    viewer: SignedIn, typed: Mapping[str, str], stored: Mapping[str, str], today: date
) -> tuple[HandEdits, Mapping[str, str]]:
    """Return the changes, and what is wrong by field. A field as it was is left alone."""
    errors: dict[str, str] = {}

    def read(name: str, parse: Callable[[str], Value], nothing: Off) -> Value | Off | None:
        if typed[name] == stored[name]:
            return None
        try:
            return parse(typed[name]) if typed[name] else nothing
        except EditRefusedError as error:
            errors[name] = say_fault(viewer, error.fault)
            return None

    edits = HandEdits(
        birthday=read("birthday", lambda given: parse_birthday(given, today), ()),
        call_by=read("call_by", check_call_by, ""),
        language=read("language", check_language, ""),
    )
    return edits, errors


def _describe(viewer: SignedIn, became: ReplannedGreetings) -> list[str]:
    """Return what became of the planned greetings."""
    ngettext = load_texts(viewer.locale).ngettext
    moved = ngettext(
        "%(num)s planned greeting was moved.", "%(num)s planned greetings were moved.", became.moved
    )
    reworded = ngettext(
        "%(num)s planned greeting was rewritten.",
        "%(num)s planned greetings were rewritten.",
        became.reworded,
    )
    proposed = ngettext(
        "%(num)s approved greeting was rewritten and waits for approval again.",
        "%(num)s approved greetings were rewritten and wait for approval again.",
        became.proposed_again,
    )
    dropped = ngettext(
        "%(num)s planned greeting was dropped.",
        "%(num)s planned greetings were dropped.",
        became.dropped,
    )
    told = (
        (became.moved, moved),
        (became.reworded, reworded),
        (became.proposed_again, proposed),
        (became.dropped, dropped),
    )
    return [text % {"num": count} for count, text in told if count]
