"""Saved searches: list, add, change, delete; running one is starting a campaign with it."""

from collections.abc import Mapping
from gettext import NullTranslations

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console.campaigns import option_errors, wording
from api_stub.console.campaigns.counting import count_ended
from api_stub.console.campaigns.form_page import list_choices
from api_stub.console.campaigns.option_errors import GENERAL
from api_stub.console.campaigns.option_fields import CRITERIA, Typed, from_values, read_typed, to_values
from api_stub.console.errors import UnknownPageError
from api_stub.console.form_account import read_account
from api_stub.console.forms import Form
from api_stub.console.i18n import load_texts
from api_stub.console.page import choose_account, done, render
from api_stub.console.session import Owner, SignedIn, Viewer
from db.store import audit
from db.store.campaigns import saved_searches
from db.store.campaigns.saved_searches import SavedSearchRecord, SearchSpec
from db.store.people.accounts import AccountRecord
from db.store.reports import overview
from tasks.contract import SavedSearchName
from worker.errors import RequestRefusedError
from worker.rules.model import CampaignKind
from worker.rules.sourcing.criteria import Criteria, given_criteria
from worker.rules.sourcing.search import build_search_url

router = APIRouter(prefix="/searches", include_in_schema=False)

_RUNS_SHOWN = 5
_NAMES = TypeAdapter[str](SavedSearchName)
_FIELDS = ("name", "url", *CRITERIA)


@router.get("")
def list_searches(request: Request, viewer: Viewer, database: AppDatabase) -> Response:
    """Show the saved searches of an account, and its latest people searches."""
    with database.snapshot() as session:
        account, everybody = choose_account(session, request)
        found = saved_searches.list_saved_searches(session, account=account.name) if account else []
        runs = (
            overview.list_campaigns(
                session, limit=_RUNS_SHOWN, account=account.name, kind=CampaignKind.SOURCING
            )
            if account
            else []
        )
    return render(
        request,
        viewer,
        "searches/list.html",
        account=account,
        accounts=everybody,
        searches=[(search, _to_typed(search)) for search in found],
        runs=[(run, *count_ended(run.actions)) for run in runs],
        criteria_names=wording.CRITERIA,
        progress=wording.PROGRESS,
    )


@router.get("/new")
def show_new(request: Request, viewer: Owner, database: AppDatabase) -> Response:
    """Show the form of a new saved search."""
    with database.snapshot() as session:
        account, _ = choose_account(session, request)
        if account is None:
            raise UnknownPageError
        return _render_form(request, viewer, session, account, {}, is_new=True)


@router.get("/{name}/edit")
def show_form(request: Request, name: SavedSearchName, viewer: Owner, database: AppDatabase) -> Response:
    """Show the form of a saved search."""
    with database.snapshot() as session:
        account, _ = choose_account(session, request)
        found = saved_searches.find_saved_search(session, account.id, name) if account else None
        if account is None or found is None:
            raise UnknownPageError
        return _render_form(request, viewer, session, account, _to_typed(found), is_new=False)


@router.post("/new")
def save(request: Request, viewer: Owner, form: Form, database: AppDatabase) -> Response:
    """Save a search under a name that isn't taken; with `replace`, the one of that name is changed."""
    texts = load_texts(viewer.locale)
    typed = read_typed(form, _FIELDS)
    is_new = not form.flag("replace")
    with database.transaction() as session:
        account = read_account(session, form)
        spec, errors = _check(session, account, typed, texts)
        known = saved_searches.find_saved_search(session, account.id, typed["name"])
        if is_new and known is not None and known.spec != spec and not errors:
            errors = {"name": texts.gettext("there is a search of this name already")}
        if spec is None or errors:
            return _render_form(
                request, viewer, session, account, typed, is_new=is_new, errors=errors, status=422
            )
        saved_searches.save_search(session, account.id, typed["name"], spec)
        audit.record_change(
            session, by=viewer.name, change="search.save", about=f"{account.name}/{typed['name']}"
        )
    return done(request, viewer, f"/searches?account={account.name}", texts.gettext("The search is saved."))


@router.post("/{name}/delete")
def delete(
    request: Request, name: SavedSearchName, viewer: Owner, form: Form, database: AppDatabase
) -> Response:
    """Delete a saved search, after asking once more. Campaigns that were started with it continue."""
    texts = load_texts(viewer.locale)
    with database.transaction() as session:
        account = read_account(session, form)
        if saved_searches.find_saved_search(session, account.id, name) is None:
            raise UnknownPageError
        if not form.flag("sure"):
            return render(request, viewer, "searches/delete.html", account=account, name=name)
        audit.record_change(session, by=viewer.name, change="search.delete", about=f"{account.name}/{name}")
        saved_searches.delete_saved_search(session, account.id, name)
    return done(request, viewer, f"/searches?account={account.name}", texts.gettext("The search is deleted."))


def _check(
    session: Session, account: AccountRecord, typed: Typed, texts: NullTranslations
) -> tuple[SearchSpec | None, Mapping[str, str]]:
    """Return the search of the form, or None and the errors by field."""
    errors: dict[str, str] = {}
    try:
        _NAMES.validate_python(typed["name"])
    except ValidationError:
        errors["name"] = texts.gettext("small letters, digits, - and _ only")
    try:
        criteria = Criteria.model_validate(to_values(typed, CRITERIA).get("criteria", {}))
    except ValidationError as error:
        inner = {name.removeprefix("criteria."): name for name in CRITERIA}
        listed = option_errors.list_errors(error, inner, texts)
        return None, {**errors, **{inner.get(name, GENERAL): text for name, text in listed.items()}}
    if not typed["url"] and not given_criteria(criteria):
        errors[GENERAL] = texts.gettext(
            "There is nothing to search for: give criteria, or the address of a search."
        )
    if errors:
        return None, errors
    try:
        return (
            saved_searches.resolve_search(
                session, account, url=typed["url"] or None, name=None, criteria=criteria
            ),
            {},
        )
    except RequestRefusedError as refusal:
        return None, option_errors.place_refusal(refusal, _FIELDS)


def _to_typed(search: SavedSearchRecord) -> Typed:
    """Return a stored search as it would have been typed."""
    criteria = search.spec.criteria.model_dump(mode="json", exclude_defaults=True)
    return {
        "name": search.name,
        "url": build_search_url(search.spec.query, search.site),
        **from_values({"criteria": criteria}, CRITERIA),
    }


def _render_form(
    request: Request, viewer: SignedIn, session: Session, account: AccountRecord, typed: Typed, *,
    is_new: bool, errors: Mapping[str, str] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    return render(
        request,
        viewer,
        "searches/form.html",
        status=status,
        account=account,
        typed=typed,
        is_new=is_new,
        errors=errors or {},
        general_error=(errors or {}).get(GENERAL, ""),
        **list_choices(session, account, {}, viewer.locale),
    )
