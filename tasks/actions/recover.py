"""Lapsed leases: what dead workers left is put back, or set aside to be looked at."""

from db.store.actions import leases
from db.store.actions.leases import LapsedAction
from tasks.actions.dispatch import dispatch_due
from tasks.contract import RECOVER, Tick
from tasks.quota import make_reservation_id
from tasks.services import Services, services
from worker import logs, metrics
from worker.app import app
from worker.rules.model import ActionState
from worker.rules.quota.model import Verb

log = logs.get_logger(__name__)

BATCH = 500


def recover_lapsed(services: Services) -> int:
    """Settle the actions whose lease has lapsed; return how many.

    A claimed one had not acted, so its reservation goes back. An acting one's stays charged: what may have
    happened counts until looking has told otherwise; a page that was being read counts for good.
    """
    with services.database.transaction() as session:
        lapsed = leases.take_lapsed(session, batch=BATCH)
    for action in lapsed:
        metrics.ERRORS.labels("lease_lapsed", "recover").inc()
        log.warning("lease_lapsed", action=str(action.action_id), was=action.was, attempt=action.attempt)
        verb = _settlement_of(action)
        if verb is not None:
            reservation = make_reservation_id(action.action_id, action.attempt)
            services.quota.settle_by_id(
                verb, action.account_id, action.kind, str(action.campaign_id), reservation
            )
    return len(lapsed)


def _settlement_of(action: LapsedAction) -> Verb | None:
    if action.was is ActionState.CLAIMED:
        return Verb.RELEASE
    return Verb.COMMIT if action.was is ActionState.ACTING and action.kind.reads else None


@app.task(name=RECOVER, pydantic=True, pydantic_strict=False)
def recover(tick: Tick) -> None:
    """Put back what dead workers left."""
    if recover_lapsed(services()):
        dispatch_due(services())
