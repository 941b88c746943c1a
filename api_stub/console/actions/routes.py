"""The page of one action, and the form that settles it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase, AppSettings
from api_stub.console.actions.gates import Gate, GateWords
from api_stub.console.actions.words import name_action, name_state
from api_stub.console.errors import UnknownPageError
from api_stub.console.evidence import find_address, find_evidence, read_id
from api_stub.console.formats import format_day, format_moment
from api_stub.console.forms import Form, FormRefusedError
from api_stub.console.i18n import load_texts
from api_stub.console.page import done, render
from api_stub.console.session import Approver, Viewer
from db.store.actions import control, events
from db.store.actions.control import Settlement
from db.store.audit import record_change
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.reports import gate_facts, overview
from db.store.reports.overview import ActionLine
from worker.errors import RequestRefusedError
from worker.rules.lifecycle import END_STATES
from worker.rules.wording.hints import fill_log_command

router = APIRouter(prefix="/actions", include_in_schema=False)


@router.get("/{action_id}")
def show_action(
    action_id: str, request: Request, viewer: Viewer, database: AppDatabase, settings: AppSettings
) -> Response:
    """Show the story of an action, its proof, and why it is where it is."""
    given = read_id(action_id)
    texts = load_texts(viewer.locale)
    with database.snapshot() as session:
        line, account = _find_action(session, given)
        history = events.list_events(session, given)
        evidence = find_evidence(settings.evidence_dir, line, account.id)
        gates = _read_gates(session, line, account, viewer.locale)
    folder = settings.evidence_dir
    return render(
        request,
        viewer,
        "actions/story.html",
        line=line,
        account=account,
        what=name_action(line.kind, line.occasion_on, viewer.locale, texts),
        history=history,
        gates=gates,
        pictures=[find_address(folder, given, each) for each in evidence.pictures],
        traces=[find_address(folder, given, each) for each in evidence.traces],
        is_gone=evidence.is_gone,
        evidence_days=settings.evidence_days,
        log_command=fill_log_command(settings.log_command or "", line.correlation_id),
        name_state=lambda state: name_state(state, texts),
    )


@router.post("/{action_id}/settle")
def settle(action_id: str, request: Request, viewer: Approver, form: Form, database: AppDatabase) -> Response:
    """Settle an action that waits for a person, as they saw it on the site."""
    given = read_id(action_id)
    texts = load_texts(viewer.locale)
    try:
        verdict = Settlement(form.text("verdict"))
    except ValueError:
        raise FormRefusedError from None
    with database.transaction() as session:
        _find_action(session, given)
        record_change(session, by=viewer.name, change=f"action.settle-{verdict}", about=str(given))
        if not control.settle_by_hand(session, given, verdict.state):
            again = verdict is Settlement.AGAIN
            raise RequestRefusedError(
                texts.gettext("Its campaign was cancelled, or it doesn't wait for a person any more.")
                if again
                else texts.gettext("It doesn't wait for a person any more: somebody or a worker settled it.")
            )
    says = {
        Settlement.DONE: texts.gettext("Settled: it arrived. Nothing more is sent."),
        Settlement.AGAIN: texts.gettext(
            "Planned again. A worker looks first, and sends nothing if it is there."
        ),
        Settlement.SKIP: texts.gettext("Settled: nothing more is sent."),
    }
    return done(request, viewer, f"/actions/{given}", says[verdict])


def _find_action(session: Session, action_id: UUID) -> tuple[ActionLine, AccountRecord]:
    line = overview.find_action(session, action_id)
    account = accounts.find_account(session, line.account) if line else None
    if line is None or account is None:
        raise UnknownPageError
    return line, account


def _read_gates(session: Session, line: ActionLine, account: AccountRecord, locale: str) -> Sequence[Gate]:
    """Return the gates before an action; none if it has ended."""
    if line.state in END_STATES:
        return []
    facts = gate_facts.get_action_facts(session, line.id)
    if facts.action is None:
        return []

    def moment(instant: datetime) -> str:
        return format_moment(instant, account.zone, locale)

    words = GateWords(facts, facts.action, load_texts(locale), moment, lambda on: format_day(on, locale))
    return list(words.list_all())
