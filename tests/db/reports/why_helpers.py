"""Helpers for the tests of `rapport why`: one planned action, and the gates of the answer."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from api_stub.explain.gates import build_gates
from api_stub.explain.quota_gates import Gate
from api_stub.responses.quota_windows import QuotaReading, Source
from db.store.people import accounts
from db.store.reports import gate_facts
from db.store.reports.gate_facts import GateFacts
from db.tables import Campaign
from tests.builders import SANDBOX, a_contact, add_planned, an_account
from worker.errors import Reason
from worker.rules.model import CampaignState
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.model import Decision, Remaining, Verdict


def quota_reading(
    left: Remaining, reason: Reason | None = None, retry_at: datetime | None = None, **more: Breaker
) -> QuotaReading:
    return QuotaReading(Decision(Verdict.REMAINING, left, reason, retry_at, **more), Source.REDIS)


PLENTY = quota_reading(Remaining(5, 5, 5, 5, 5))
ANN = f"{SANDBOX}ann/"


def one_planned(session: Session) -> tuple[UUID, GateFacts]:
    """Ann, planned and due, in a signed-in account."""
    account = an_account(session)
    accounts.save_session(session, account.id, b"sealed")
    action_id = add_planned(session, account, a_contact(session, account, "ann"))
    session.execute(update(Campaign).values(state=CampaignState.PLANNED))
    session.expire_all()
    return action_id, gate_facts.get_action_facts(session, action_id)


def closed_gates(facts: GateFacts, answer: QuotaReading = PLENTY) -> list[str]:
    return [gate.name for gate in build_gates(facts, answer) if not gate.open]


def find_gate(facts: GateFacts, name: str, answer: QuotaReading = PLENTY) -> Gate:
    return next(gate for gate in build_gates(facts, answer) if gate.name == name)
