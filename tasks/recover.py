"""Lapsed leases: what dead workers left is put back, or set aside to be looked at."""

from db.store import leases
from tasks import quota
from tasks.contract import RECOVER, Tick
from tasks.dispatch import dispatch_due
from tasks.services import Services, services
from worker import logs, metrics
from worker.app import app
from worker.rules.model import ActionState

log = logs.logger(__name__)

BATCH = 500


def recover_lapsed(services: Services) -> int:
    """Settle the actions whose lease has lapsed; return how many.

    A claimed one had not acted, so its reservation goes back. An acting one's stays charged: what may have
    happened counts until looking has told otherwise.
    """
    with services.database.transaction() as session:
        lapsed = leases.take_lapsed(session, batch=BATCH)
    for action in lapsed:
        metrics.ERRORS.labels("lease_lapsed", "recover").inc()
        log.warning("lease_lapsed", action=str(action.action_id), was=action.was, attempt=action.attempt)
        if action.was is ActionState.CLAIMED:
            purse = quota.purse(
                services,
                account_id=action.account_id,
                zone=action.zone,
                kind=action.kind,
                campaign_id=action.campaign_id,
            )
            quota.give_back(services, purse, action.action_id, action.attempt)
    return len(lapsed)


@app.task(name=RECOVER, pydantic=True, pydantic_strict=False)
def recover(tick: Tick) -> None:
    """Put back what dead workers left."""
    if recover_lapsed(services()):
        dispatch_due(services())
