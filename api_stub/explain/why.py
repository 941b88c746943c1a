"""The answer of `rapport why --json`, and of the same question over HTTP."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from sqlalchemy.orm import Session

from api_stub.explain.gates import build_gates, find_subject
from api_stub.explain.next_step import NextStep, find_next_step
from api_stub.explain.quota_gates import Gate
from api_stub.responses.forecast import DEFAULT_LATE_DAYS
from api_stub.responses.quota_windows import QuotaReading, Source
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.reports.forecasts import birthday_forecast
from db.store.reports.gate_facts import GateFacts
from db.store.upkeep import UpkeepState
from worker import queues
from worker.errors import ConfigurationError, TryAgainError
from worker.rules.model import ActionState, Kind
from worker.rules.quota.forecast import ActionForecast
from worker.secrets import SESSION_UNREADABLE, Vault
from worker.servers.redis_address import RedisAddress


class WhyAnswer(BaseModel):
    """Every gate with its number, and the next step."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "account": "ann",
                    "contact": None,
                    "action_id": None,
                    "action_state": None,
                    "correlation_id": None,
                    "as_of": "2026-11-29T09:00:00Z",
                    "gates": [
                        {"name": "kill switch", "open": True, "says": "off"},
                        {"name": "greet, day", "open": True, "says": "3 used, 12 left of 15"},
                    ],
                    "quota_source": "ledger",
                    "next_step": {
                        "what": "its schedule starts a campaign",
                        "at": "2026-11-30T07:00:00Z",
                        "by_worker": False,
                        "earliest": False,
                    },
                    "upkeep": [],
                }
            ]
        },
    )

    account: str
    contact: str | None
    action_id: UUID | None = Field(
        description="The action whose gates are shown, if it was asked about or belongs to the person."
    )
    action_state: ActionState | None
    correlation_id: str | None
    as_of: datetime
    gates: Sequence[Gate] = Field(description="In the order of checking, those of the quota last.")
    quota_source: Source = Field(description="Where the numbers of the quota come from.")
    next_step: NextStep
    upkeep: Sequence[UpkeepState]


def build_why_answer(
    facts: GateFacts,
    reading: QuotaReading,
    workers: Gate,
    outlook: ActionForecast | None,
    upkeep: Sequence[UpkeepState],
) -> WhyAnswer:
    """Build the answer; `workers` is the gate of `check_workers`, `outlook` the result of `find_outlook`."""
    subject = find_subject(facts)
    return WhyAnswer(
        account=facts.account.name,
        contact=facts.contact.full_name if facts.contact else None,
        action_id=facts.action.id if facts.action else None,
        action_state=facts.action.state if facts.action else None,
        correlation_id=subject.correlation_id if subject else None,
        as_of=facts.now,
        gates=(workers, *build_gates(facts, reading)),
        quota_source=reading.source,
        next_step=find_next_step(facts, reading, outlook),
        upkeep=upkeep,
    )


def find_outlook(session: Session, facts: GateFacts) -> ActionForecast | None:
    """Return the forecast of the greeting whose gates are shown, as `rapport forecast` shows it."""
    about = find_subject(facts)
    if about is None or about.kind is not Kind.GREET or about.contact_id is None:
        return None
    record = accounts.get_account(session, facts.account.id)
    found = birthday_forecast.forecast_greetings(session, record, default_late_days=DEFAULT_LATE_DAYS)
    return found.get((about.contact_id, about.occasion_on))


def check_workers(facts: GateFacts, redis_at: RedisAddress) -> Gate:
    """Return a gate: do workers take the messages that dispatch and perform the action."""
    about = find_subject(facts)
    needed = (queues.QUEUE_OF_KIND[about.kind if about else facts.kind], "control")
    try:
        snapshot = queues.take_snapshot_at(redis_at)
    except TryAgainError as error:
        return Gate("workers", False, f"can't tell: {error}")
    return Gate("workers", not snapshot.unconsumed(needed), snapshot.describe(needed))


def check_session_key(session: Session, facts: GateFacts, secret_keys: SecretStr | None) -> GateFacts:
    """Add whether the keys of this process decrypt the account's session."""
    problem = find_session_problem(accounts.get_account(session, facts.account.id), secret_keys)
    return replace(facts, account=replace(facts.account, session_problem=problem))


def find_session_problem(account: AccountRecord, secret_keys: SecretStr | None) -> str | None:
    """Return why the keys of this process don't decrypt the account's session; None if they do.

    Without keys nothing is said: only browser workers need them, and they report what they find.
    """
    if secret_keys is None or account.session is None:
        return None
    try:
        return None if Vault(secret_keys).can_open(account.session) else SESSION_UNREADABLE
    except ConfigurationError as error:
        return str(error)
