"""Recover the actions of dead workers: plan them again, or have them reconciled."""

from db.store.actions import leases
from db.store.actions.leases import LapsedAction
from tasks.quota import make_reservation_id
from tasks.services import Services
from worker import logs, metrics
from worker.rules.model import ActionState
from worker.rules.quota.model import Verb
from worker.rules.wire.trace_ids import campaign_span
from worker.tracing import spans

log = logs.get_logger(__name__)

BATCH = 500


def recover_lapsed(services: Services) -> int:
    """Settle the actions whose lease has expired; return how many.

    A claimed action had no effect, so its unit is released. The unit of an acting one stays charged until
    it is reconciled; that of a page that was being read, or of what a person is asked about, for good.
    """
    with services.database.transaction() as session:
        lapsed = leases.take_lapsed(session, batch=BATCH)
    for action in lapsed:
        metrics.ERRORS.labels("lease_lapsed", "recover").inc()
        with (
            logs.bound(correlation_id=action.correlation_id),
            spans.story(
                "recover",
                action.correlation_id,
                {"rapport.action.id": str(action.action_id), "rapport.was": action.was},
                parent=campaign_span(action.correlation_id, action.campaign_id),
            ),
        ):
            log.warning("lease_lapsed", action=str(action.action_id), was=action.was, attempt=action.attempt)
            _settle(services, action)
    return len(lapsed)


def _settle(services: Services, action: LapsedAction) -> None:
    verb = _settlement_of(action)
    if verb is not None:
        reservation = make_reservation_id(action.action_id, action.attempt)
        services.quota.settle_by_id(
            verb, action.account_id, action.kind, str(action.campaign_id), reservation
        )


def _settlement_of(action: LapsedAction) -> Verb | None:
    if action.was is ActionState.CLAIMED:
        return Verb.RELEASE
    if action.becomes is ActionState.NEEDS_REVIEW:
        return Verb.COMMIT
    return Verb.COMMIT if action.was is ActionState.ACTING and action.kind.reads else None
