"""Doubts about who a contact is: two who may be one person side by side, and addresses that moved."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console.errors import UnknownPageError
from api_stub.console.forms import Form
from api_stub.console.i18n import load_texts
from api_stub.console.page import choose_account, done, render
from api_stub.console.session import Approver, SignedIn, Viewer
from db.engine import Database
from db.store import audit
from db.store.identity import doubts as store
from db.store.identity import learning, merging
from db.store.identity.doubts import IdentityDoubt
from db.store.imports import birthday_doubts
from db.store.people import accounts
from worker.errors import RequestRefusedError
from worker.rules.people.addresses import normalise_profile_url

_PER_PAGE: Final = 10

Id = Annotated[int, Path(ge=0, lt=2**63)]
After = Annotated[str, Query(pattern=r"^([0-9]{1,18}\.[0-9]{1,18})?$")]

router = APIRouter(prefix="/doubts/same", include_in_schema=False)


@router.get("")
def show_doubts(request: Request, viewer: Viewer, database: AppDatabase, after: After = "") -> Response:
    """Show the doubts of an account, some at a time."""
    return _render(request, viewer, database, after=after)


@router.post("/{account}/{contact_id}/{other_id}/merge")
def merge(
    *, account: str, contact_id: Id, other_id: Id, request: Request, viewer: Approver, database: AppDatabase,
    form: Form,
) -> Response:  # fmt: skip
    """Join two contacts that are one person, after a typed yes. It can't be taken back."""
    _ = load_texts(viewer.locale).gettext
    if form.text(f"yes-{contact_id}.{other_id}").lower() not in {"yes", _("yes")}:
        errors = {f"{contact_id}.{other_id}": _("Type yes if they are one person. Nothing was changed.")}
        return _render(request, viewer, database, account=account, status=422, errors=errors)
    with database.transaction() as session:
        doubt = _find(session, account, contact_id, other_id)
        about = f"{account} {contact_id} {other_id}"
        audit.record_change(session, by=viewer.name, change="contact.merge", about=about)
        if not merging.merge_contacts(session, doubt.contact_id, other_id, by=viewer.name):
            raise RequestRefusedError(
                _("A worker is using one of them right now. Nothing was changed: try again in a minute.")
            )
    return done(request, viewer, f"/doubts/same?account={account}", _("They are one contact now."))


@router.post("/{account}/{contact_id}/{other_id}/distinct")
def tell_apart(
    *, account: str, contact_id: Id, other_id: Id, request: Request, viewer: Approver, database: AppDatabase,
    _form: Form,
) -> Response:  # fmt: skip
    """Record that two contacts are two people. Both are greeted then."""
    _ = load_texts(viewer.locale).gettext
    with database.transaction() as session:
        doubt = _find(session, account, contact_id, other_id)
        about = f"{account} {contact_id} {other_id}"
        audit.record_change(session, by=viewer.name, change="contact.distinct", about=about)
        learning.tell_apart(session, doubt.contact_id, other_id, by=viewer.name)
    text = _("They are two people, and both are greeted.")
    return done(request, viewer, f"/doubts/same?account={account}", text)


@router.post("/{account}/{contact_id}/0/address")
def set_address(
    *, account: str, contact_id: Id, request: Request, viewer: Approver, database: AppDatabase, form: Form
) -> Response:
    """Set the address of a contact whose address belongs to another member now, or keep it."""
    _ = load_texts(viewer.locale).gettext
    given = form.text(f"address-{contact_id}.0", most=1_000)
    try:
        with database.transaction() as session:
            doubt = _find(session, account, contact_id, 0)
            normalised = _normalise(session, account, given or doubt.profile_url, viewer)
            about = f"{account} {contact_id}"
            audit.record_change(session, by=viewer.name, change="contact.address", about=about)
            store.set_address(session, contact_id, normalised, by=viewer.name)
    except RequestRefusedError as error:
        errors = {f"{contact_id}.0": str(error)}
        return _render(request, viewer, database, account=account, status=422, errors=errors, typed=given)
    return done(request, viewer, f"/doubts/same?account={account}", _("The address is settled."))


def _normalise(session: Session, account: str, given: str, viewer: SignedIn) -> str:
    """Return a profile address in the form in which it is stored. Raises RequestRefusedError."""
    owner = accounts.find_account(session, account)
    normalised = normalise_profile_url(given, owner.site) if owner else None
    if normalised is None:
        _ = load_texts(viewer.locale).gettext
        raise RequestRefusedError(_("This isn't a profile address of the account's site."))
    return normalised


def _render(
    request: Request,
    viewer: SignedIn,
    database: Database,
    *,
    account: str | None = None,
    after: str = "",
    status: int = 200,
    errors: dict[str, str] | None = None,
    typed: str = "",
) -> Response:
    with database.transaction() as session:
        chosen, everybody = choose_account(session, request)
        if account is not None:
            chosen = accounts.find_account(session, account)
        if chosen is None:
            found, people, count, birthdays = [], {}, 0, 0
        else:
            place = tuple(map(int, after.split("."))) if after else None
            found = list(
                store.list_identity_doubts(
                    session,
                    account=chosen.name,
                    after=(place[0], place[1]) if place else None,
                    limit=_PER_PAGE + 1,
                )
            )
            ids = {each for doubt in found for each in (doubt.contact_id, doubt.other_id) if each}
            people = dict(store.list_people(session, ids))
            count = store.count_identity_doubts(session, chosen.id)
            birthdays = birthday_doubts.count_doubts(session, account=chosen.name)
    shown = found[:_PER_PAGE]
    return render(
        request,
        viewer,
        "doubts/same.html",
        status=status,
        account=chosen,
        accounts=everybody,
        doubts=shown,
        people=people,
        pairs=count,
        count=birthdays,
        after=after,
        older="{}.{}".format(*shown[-1].place) if len(found) > _PER_PAGE else "",
        errors=errors or {},
        typed=typed,
    )


def _find(session: Session, account: str, contact_id: int, other_id: int) -> IdentityDoubt:
    """Return the open doubt about these two. Raises UnknownPageError if there is none any more."""
    found = store.find_identity_doubt(session, account, (contact_id, other_id))
    if found is None:
        raise UnknownPageError
    return found
