"""One greeting in a real browser: queue it, carry it out, and look at what it left."""

from datetime import timedelta
from uuid import UUID

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName, Value
from db.store.actions import dispatch
from db.store.people.accounts import AccountRecord
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from worker.errors import Reason
from worker.rules.model import ActionState, Kind


def queue(services: Services) -> list[UUID]:
    with services.database.transaction() as session:
        due = dispatch.queue_due_actions(session, batch=10, lease=timedelta(minutes=1))
    return [action.action_id for action in due]


def run(services: Services, action_id: UUID) -> Outcome:
    """Dispatch the action as if its time had come, and carry it out."""
    with services.database.transaction() as session:
        action = builders.action(session, action_id)
        action.not_before = min(action.not_before, builders.database_now(session))
    assert queue(services) == [action_id]
    return perform_action(services, action_id)


def row(services: Services, action_id: UUID) -> tuple[ActionState, Reason | None]:
    with services.database.transaction() as session:
        action = builders.action(session, action_id)
        return ActionState(action.state), Reason(action.reason) if action.reason else None


def sent(sandbox: SandboxClient) -> list[tuple[str, str]]:
    return [(effect.slug, effect.text) for effect in sandbox.ledger("demo")]


def left_today(services: Services, account: AccountRecord) -> int:
    _, decision = services.quota.remaining(account.id, Kind.GREET, "any")
    assert decision.remaining is not None
    return decision.remaining.day


def fault(sandbox: SandboxClient, name: FaultName, value: Value = True, *, times: int | None = None) -> None:
    sandbox.fault(name, value, times=times)
