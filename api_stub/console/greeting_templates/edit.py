"""Add, change, switch and delete templates, with a live check of what is typed."""

import re
from collections.abc import Mapping
from typing import Annotated, Final

from babel import Locale
from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console.errors import UnknownPageError
from api_stub.console.form_account import read_account
from api_stub.console.forms import Form, PostedForm
from api_stub.console.greeting_templates.check import CheckedTemplate, TypedTemplate, check_typed
from api_stub.console.i18n import load_texts
from api_stub.console.page import choose_account, done, render
from api_stub.console.session import Owner, SignedIn, Viewer
from db.engine import Database
from db.store import audit
from db.store.campaigns import templates
from db.store.campaigns.templates import TemplateRecord
from db.store.people.accounts import AccountRecord
from worker.rules.languages import is_known_language
from worker.rules.messages.template_syntax import MAX_TEMPLATE_CHARACTERS, TEMPLATE_FIELDS

router = APIRouter(prefix="/templates", include_in_schema=False)

TemplateId = Annotated[int, Path(ge=1, lt=2**63)]

_LONGEST: Final = 2 * MAX_TEMPLATE_CHARACTERS
_LANGUAGES: Final = ("en", "de", "es", "fr", "it", "nl", "pl", "pt")
"""Offered besides those that have templates."""


@router.get("/new")
def show_new(request: Request, viewer: Owner, database: AppDatabase) -> Response:
    """Show the form of a new template; `?copy=` fills it with the text of another."""
    with database.snapshot() as session:
        account, _ = choose_account(session, request)
        if account is None:
            raise UnknownPageError
        typed = TypedTemplate()
        given = request.query_params.get("copy", "")
        if re.fullmatch("[0-9]{1,18}", given):
            typed = _to_typed(_require(session, int(given)))
        return _render_form(request, viewer, session, account, typed, record=None)


@router.post("/check")
def show_check(request: Request, viewer: Owner, form: Form, database: AppDatabase) -> Response:
    """Show what is to be said about the text of the form: the part of the page."""
    with database.transaction() as session:
        account = read_account(session, form)
        number = form.text("template", most=18)
        typed = _read_typed(form)
        checked = check_typed(session, account, typed, template_id=int(number) if number.isdecimal() else 0)
    return render(
        request, viewer, "greeting_templates/check.html", checked=checked, typed=typed, account=account
    )


@router.post("/new")
def add(request: Request, viewer: Owner, form: Form, database: AppDatabase) -> Response:
    """Add a template; the same text twice is one template."""
    return _save(request, viewer, form, database, None)


@router.get("/{template_id}")
def show(request: Request, template_id: TemplateId, viewer: Viewer, database: AppDatabase) -> Response:
    """Show a template with how it reads, and for an owner its form."""
    with database.snapshot() as session:
        record = _require(session, template_id)
        account, everybody = choose_account(session, request)
        if record.account is not None:
            account = next((each for each in everybody if each.name == record.account), None)
        if account is None:
            raise UnknownPageError
        return _render_form(request, viewer, session, account, _to_typed(record), record=record)


@router.post("/{template_id}")
def change(
    request: Request, template_id: TemplateId, viewer: Owner, form: Form, database: AppDatabase
) -> Response:
    """Change a template; of one that ships with Rapport only the weight."""
    return _save(request, viewer, form, database, template_id)


@router.post("/{template_id}/enable")
def enable(
    request: Request, template_id: TemplateId, viewer: Owner, _form: Form, database: AppDatabase
) -> Response:
    """Use a template again."""
    return _set_enabled(request, viewer, database, template_id, enabled=True)


@router.post("/{template_id}/disable")
def disable(
    request: Request, template_id: TemplateId, viewer: Owner, _form: Form, database: AppDatabase
) -> Response:
    """Stop using a template. Planned greetings keep their text."""
    return _set_enabled(request, viewer, database, template_id, enabled=False)


@router.post("/{template_id}/delete")
def delete(
    request: Request, template_id: TemplateId, viewer: Owner, form: Form, database: AppDatabase
) -> Response:
    """Delete one of the user's templates, after asking once more."""
    with database.transaction() as session:
        record = _require(session, template_id)
        if record.default:
            raise UnknownPageError
        if not form.flag("sure"):
            return render(request, viewer, "greeting_templates/delete.html", record=record)
        audit.record_change(session, by=viewer.name, change="template.delete", about=str(template_id))
        templates.delete_template(session, template_id)
    said = load_texts(viewer.locale).gettext("The template is deleted. Planned greetings keep their text.")
    return done(request, viewer, "/templates", said)


def _save(
    request: Request, viewer: SignedIn, form: PostedForm, database: Database, template_id: int | None
) -> Response:
    texts = load_texts(viewer.locale)
    with database.transaction() as session:
        account = read_account(session, form)
        record = _require(session, template_id) if template_id is not None else None
        typed = _read_typed(form)
        if record is not None and record.default:
            typed = TypedTemplate(record.language, record.late, record.body, typed.weight, own=False)
        errors: dict[str, str] = {}
        if not re.fullmatch("[1-9][0-9]?|100", typed.weight):
            errors["weight"] = texts.gettext("a whole number from 1 to 100")
        if not is_known_language(typed.language):
            errors["language"] = texts.gettext("two letters of a language, such as en or fr")
        checked = check_typed(session, account, typed, template_id=template_id or 0)
        if checked.refusal:
            errors["body"] = checked.refusal
        if not errors and not _store(session, viewer, account, typed, record):
            errors["body"] = texts.gettext("there is a template with exactly this text already")
        if errors:
            return _render_form(
                request,
                viewer,
                session,
                account,
                typed,
                record=record,
                errors=errors,
                checked=checked,
                status=422,
            )
    said = texts.gettext("The template is saved. Greetings that are planned already keep their text.")
    return done(request, viewer, f"/templates?account={account.name}&language={typed.language}", said)


def _store(
    session: Session,
    viewer: SignedIn,
    account: AccountRecord,
    typed: TypedTemplate,
    record: TemplateRecord | None,
) -> bool:
    """Add or change a template. Return False if it would become the same as another."""
    weight = int(typed.weight)
    if record is None:
        number = templates.add_template(
            session, account_id=account.id if typed.own else None, language=typed.language, late=typed.late,
            body=typed.body, weight=weight,
        )  # fmt: skip
        if number is not None:  # else it is there already: the form was posted twice
            audit.record_change(session, by=viewer.name, change="template.add", about=str(number))
        return True
    if record.default:
        templates.set_template_weight(session, record.id, weight)
    elif not templates.change_template(
        session, record.id, language=typed.language, late=typed.late, body=typed.body, weight=weight
    ):
        return False
    audit.record_change(session, by=viewer.name, change="template.change", about=str(record.id))
    return True


def _set_enabled(
    request: Request, viewer: SignedIn, database: Database, template_id: int, *, enabled: bool
) -> Response:
    texts = load_texts(viewer.locale)
    with database.transaction() as session:
        record = _require(session, template_id)
        verb = "enable" if enabled else "disable"
        audit.record_change(session, by=viewer.name, change=f"template.{verb}", about=str(template_id))
        templates.set_template_enabled(session, template_id, enabled=enabled)
    said = (
        texts.gettext("The template is used again.")
        if enabled
        else texts.gettext("The template isn't used any more.")
    )
    return done(request, viewer, f"/templates?language={record.language}", said)


def _require(session: Session, template_id: int) -> TemplateRecord:
    record = templates.find_template(session, template_id)
    if record is None:
        raise UnknownPageError
    return record


def _to_typed(record: TemplateRecord) -> TypedTemplate:
    return TypedTemplate(
        record.language, record.late, record.body, str(record.weight), own=record.account is not None
    )


def _read_typed(form: PostedForm) -> TypedTemplate:
    return TypedTemplate(
        language=form.text("language", most=10),
        late=form.text("late", most=10) == "late",
        body=form.text("body", most=_LONGEST),
        weight=form.text("weight", most=10),
        own=form.text("whose", most=10) != "all",
    )


def _render_form(
    request: Request, viewer: SignedIn, session: Session, account: AccountRecord, typed: TypedTemplate, *,
    record: TemplateRecord | None, errors: Mapping[str, str] | None = None,
    checked: CheckedTemplate | None = None, status: int = 200,
) -> Response:  # fmt: skip
    names = Locale(viewer.locale).languages
    codes = sorted(
        {*_LANGUAGES, typed.language, *(each.language for each in templates.list_templates(session))}
    )
    if checked is None and typed.body:
        checked = check_typed(session, account, typed, template_id=record.id if record else 0)
    return render(
        request,
        viewer,
        "greeting_templates/form.html",
        status=status,
        account=account,
        record=record,
        typed=typed,
        errors=errors or {},
        checked=checked,
        languages=[(code, names.get(code, code)) for code in codes],
        fields=TEMPLATE_FIELDS,
    )
