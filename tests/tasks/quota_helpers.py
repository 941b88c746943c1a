"""Carry out an account's next action, and look at its quota."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import update

from db.store.actions import dispatch
from db.store.people.accounts import AccountRecord
from db.tables import Action
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from worker.errors import Reason
from worker.rules.model import ActionState, Kind
from worker.rules.quota.model import Remaining

LEASE = timedelta(minutes=1)


def go_on(services: Services) -> Outcome:
    """Dispatch and perform the account's next action, as if every wait were over."""
    with services.database.transaction() as session:
        waiting = update(Action).where(Action.state == ActionState.PLANNED)
        session.execute(waiting.values(not_before=Action.created_at))
        (due,) = dispatch.queue_due_actions(session, batch=1, lease=LEASE)
    return perform_action(services, due.action_id)


def reason(services: Services, action_id: UUID) -> Reason | None:
    with services.database.transaction() as session:
        stored = builders.action(session, action_id).reason
    return Reason(stored) if stored else None


def left(services: Services, account: AccountRecord) -> Remaining:
    _, decision = services.quota.remaining(account.id, Kind.GREET, "none")
    assert decision.remaining is not None
    return decision.remaining


def used_today(services: Services, account: AccountRecord) -> int:
    return builders.FREE.per_day - left(services, account).day
