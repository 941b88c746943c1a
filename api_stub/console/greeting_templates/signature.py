"""The signature of an account, which ends each of its greetings."""

from fastapi import APIRouter, Request, Response

from api_stub.app_state import AppDatabase
from api_stub.console.errors import UnknownPageError
from api_stub.console.form_account import read_account
from api_stub.console.forms import Form
from api_stub.console.i18n import load_texts
from api_stub.console.page import choose_account, done, render
from api_stub.console.session import Owner
from db.store import audit
from db.store.people import accounts
from worker.rules.messages.approval import TextRefusedError
from worker.rules.messages.signatures import MAX_SIGNATURE_CHARACTERS, SIGNATURE_LINES, validate_signature

router = APIRouter(prefix="/templates/signature", include_in_schema=False)

_LIMITS = {"characters": MAX_SIGNATURE_CHARACTERS, "lines": SIGNATURE_LINES}


@router.get("")
def show_signature(request: Request, viewer: Owner, database: AppDatabase) -> Response:
    """Show the account's signature."""
    with database.snapshot() as session:
        account, everybody = choose_account(session, request)
    if account is None:
        raise UnknownPageError
    return render(
        request, viewer, "greeting_templates/signature.html", account=account, accounts=everybody,
        signature=account.signature, error="", **_LIMITS,
    )  # fmt: skip


@router.post("")
def set_signature(request: Request, viewer: Owner, form: Form, database: AppDatabase) -> Response:
    """Set the signature, or remove it if nothing was typed."""
    texts = load_texts(viewer.locale)
    given = form.text("signature", most=1_000)
    with database.transaction() as session:
        account = read_account(session, form)
        try:
            signature = validate_signature(given) if given else ""
        except TextRefusedError as refusal:
            return render(
                request, viewer, "greeting_templates/signature.html", status=422, account=account,
                accounts=[], signature=given, error=str(refusal), **_LIMITS,
            )  # fmt: skip
        audit.record_change(session, by=viewer.name, change="template.signature", about=account.name)
        accounts.set_signature(session, account.id, signature)
    said = texts.gettext("The signature is saved. It ends greetings that are planned from now on.")
    return done(request, viewer, f"/templates?account={account.name}", said)
