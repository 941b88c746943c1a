"""Whether a person may be contacted: holds, and do-not-contact."""

from fastapi import APIRouter, Request, Response

from api_stub.app_state import AppDatabase
from api_stub.console.forms import Form
from api_stub.console.i18n import load_texts
from api_stub.console.page import done, say
from api_stub.console.people import wording
from api_stub.console.people.chosen import ContactId, find_person
from api_stub.console.people.person_page import render_person
from api_stub.console.session import Approver, Owner
from db.engine import today_in
from db.store.people import accounts, contacts, holds, lookup
from worker.rules.names.hand_edits import EditRefusedError, check_hold_reason

router = APIRouter(prefix="/people", include_in_schema=False)


@router.post("/{contact}/hold")
def hold(
    request: Request, approver: Approver, database: AppDatabase, contact: ContactId, form: Form
) -> Response:
    """Hold a person until a day, in every account that knows them."""
    typed = {"until": form.text("until"), "reason": form.text("reason")}
    errors, reason = {}, None
    with database.transaction() as session:
        person = find_person(session, contact)
        until = form.day("until")
        if until is None or until <= today_in(session, accounts.get_account(session, person.account_id).zone):
            errors["until"] = say(approver, wording.AFTER_TODAY)
        try:
            reason = check_hold_reason(typed["reason"])
        except EditRefusedError as error:
            errors["reason"] = wording.say_fault(approver, error.fault)
        if until is None or errors:
            return render_person(request, approver, session, contact, status=422, errors=errors, typed=typed)
        waiting = sum(
            holds.hold_contact(session, each.id, until, reason=reason, by=approver.name)
            for each in lookup.list_everywhere(session, person)
        )
    day = wording.format_day(approver, until)
    said = [say(approver, wording.HELD, name=person.full_name, day=day)]
    if waiting:
        ngettext = load_texts(approver.locale).ngettext
        waits = ngettext("%(num)s planned action waits.", "%(num)s planned actions wait.", waiting)
        said.append(waits % {"num": waiting})
    return done(request, approver, f"/people/{contact}", " ".join(said))


@router.post("/{contact}/release")
def release(
    request: Request, approver: Approver, database: AppDatabase, contact: ContactId, _form: Form
) -> Response:
    """End the hold on a person, in every account that knows them."""
    with database.transaction() as session:
        person = find_person(session, contact)
        for each in lookup.list_everywhere(session, person):
            holds.release_contact(session, each.id, by=approver.name)
    return done(
        request, approver, f"/people/{contact}", say(approver, wording.RELEASED, name=person.full_name)
    )


@router.post("/{contact}/never")
def never(
    request: Request, approver: Approver, database: AppDatabase, contact: ContactId, _form: Form
) -> Response:
    """Never contact a person again, from any account that knows them."""
    with database.transaction() as session:
        person = find_person(session, contact)
        for each in lookup.list_everywhere(session, person):
            contacts.set_do_not_contact(
                session, each.account_id, each.profile_url, value=True, by=approver.name
            )
    return done(request, approver, f"/people/{contact}", say(approver, wording.NEVER, name=person.full_name))


@router.post("/{contact}/allow")
def allow(request: Request, owner: Owner, database: AppDatabase, contact: ContactId, _form: Form) -> Response:
    """Let the contact's account contact the person again."""
    with database.transaction() as session:
        person = find_person(session, contact)
        contacts.set_do_not_contact(
            session, person.account_id, person.profile_url, value=False, by=owner.name
        )
    return done(request, owner, f"/people/{contact}", say(owner, wording.ALLOWED, name=person.full_name))
