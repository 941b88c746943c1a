"""Erase a person who asked for it, after a typed yes."""

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase, AppSettings
from api_stub.console.forms import Form
from api_stub.console.i18n import load_texts
from api_stub.console.page import done, render, say
from api_stub.console.people import wording
from api_stub.console.people.chosen import ContactId, find_person
from api_stub.console.session import Owner, SignedIn
from db.store.people import changes, lookup
from db.store.privacy import erasure, tombstones
from db.store.privacy.erasure import ErasureReport
from worker.screenshots import delete_evidence

router = APIRouter(prefix="/people", include_in_schema=False)

_YES = "yes"


@router.get("/{contact}/forget")
def show_question(request: Request, owner: Owner, database: AppDatabase, contact: ContactId) -> Response:
    """Say what would be erased and what stays, and ask."""
    with database.snapshot() as session:
        return _render_question(request, owner, session, contact)


@router.post("/{contact}/forget")
def forget(  # noqa: PLR0917 -- FastAPI passes each by its name
    request: Request,
    owner: Owner,
    database: AppDatabase,
    settings: AppSettings,
    contact: ContactId,
    form: Form,
) -> Response:
    """Erase the person from all accounts of the site, and what was recorded on this machine."""
    with database.transaction() as session:
        person = find_person(session, contact)
        if form.text("yes") != _YES:
            errors = {"yes": say(owner, wording.NOT_YES)}
            return _render_question(request, owner, session, contact, errors=errors, status=422)
        changes.record_change(session, contact, changes.FORGET, by=owner.name)
        report = erasure.forget_person(session, person.site, person.profile_url)
    # After the commit, because a file can't be rolled back.
    pictures = delete_evidence(settings.evidence_dir, report.account_ids, report.addresses)
    return done(request, owner, "/people", " ".join(_describe(owner, report, pictures)))


def _render_question(
    request: Request,
    owner: SignedIn,
    session: Session,
    contact_id: int,
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    person = find_person(session, contact_id)
    keys = sorted(erasure.find_addresses(session, person.site, person.profile_url))
    return render(
        request,
        owner,
        "people/forget.html",
        status=status,
        person=person,
        everywhere=lookup.list_everywhere(session, person),
        hashes=[tombstones.hash_address(each).hex() for each in keys],
        errors=errors or {},
    )


def _describe(viewer: SignedIn, report: ErasureReport, pictures: int) -> list[str]:
    """Return what was erased, in numbers."""
    ngettext, erased = load_texts(viewer.locale).ngettext, report.erased
    told = (
        (erased.contacts, ngettext("%(num)s contact erased.", "%(num)s contacts erased.", erased.contacts)),
        (erased.actions, ngettext("%(num)s action emptied.", "%(num)s actions emptied.", erased.actions)),
        (
            erased.interactions,
            ngettext("%(num)s interaction emptied.", "%(num)s interactions emptied.", erased.interactions),
        ),
        (
            report.skipped,
            ngettext("%(num)s open action skipped.", "%(num)s open actions skipped.", report.skipped),
        ),
        (
            pictures,
            ngettext("%(num)s picture or trace deleted.", "%(num)s pictures and traces deleted.", pictures),
        ),
    )
    return [say(viewer, wording.FORGOTTEN), *(text % {"num": count} for count, text in told if count)]
