"""Explain why an account, a person or an action does something or not."""

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase, AppSettings
from api_stub.explain.why import (
    WhyAnswer,
    build_why_answer,
    check_session_key,
    check_workers,
    find_outlook,
)
from api_stub.http.faults import Fault, FaultType
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.accounts.parts import AccountPath
from api_stub.http.v1.caller import ReadCaller
from api_stub.http.v1.fields import RowId
from api_stub.responses.quota_windows import QuotaReading, Source
from db.engine import Database
from db.store import upkeep
from db.store.reports.gate_facts import (
    GateFacts,
    get_account_facts,
    get_action_facts,
    get_contact_facts,
)
from worker.settings import Settings

router = APIRouter(tags=["why"])


@router.get("/accounts/{account}/why", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def explain_account(
    account: AccountPath, caller: ReadCaller, database: AppDatabase, settings: AppSettings
) -> WhyAnswer:
    """Explain why an account does something or not: every gate with its number, and the next step.

    The numbers of the quota come from the ledger in Postgres; decisions are made in Redis.
    """
    return _explain(
        database,
        settings,
        lambda session: get_account_facts(session, require_account(session, account).id),
    )


@router.get("/contacts/{contact_id}/why", responses=problems(FaultType.CONTACT_UNKNOWN))
def explain_contact(
    contact_id: RowId, caller: ReadCaller, database: AppDatabase, settings: AppSettings
) -> WhyAnswer:
    """Explain why a person is greeted, visited or left out: the gates of their open or last action."""
    try:
        return _explain(database, settings, lambda session: get_contact_facts(session, contact_id))
    except NoResultFound:
        raise Fault(FaultType.CONTACT_UNKNOWN, f"there is no contact {contact_id}") from None


@router.get("/actions/{action_id}/why", responses=problems(FaultType.ACTION_UNKNOWN))
def explain_action(
    action_id: UUID, caller: ReadCaller, database: AppDatabase, settings: AppSettings
) -> WhyAnswer:
    """Explain why an action happens or not: every gate with its number, and the next step."""
    try:
        return _explain(database, settings, lambda session: get_action_facts(session, action_id))
    except NoResultFound:
        raise Fault(FaultType.ACTION_UNKNOWN, f"there is no action {action_id}") from None


def _explain(database: Database, settings: Settings, find_facts: Callable[[Session], GateFacts]) -> WhyAnswer:
    with database.snapshot() as session:
        facts = check_session_key(session, find_facts(session), settings.secret_keys)
        outlook = find_outlook(session, facts)
        jobs = upkeep.list_jobs(session)
    reading = QuotaReading(facts.quota.by_ledger, Source.LEDGER)
    return build_why_answer(facts, reading, check_workers(facts, settings.redis), outlook, jobs)
