"""Publish due actions to the browser workers."""

from db.store.actions import dispatch
from tasks.actions.kinds import ACTION_TYPES
from tasks.publish import publish_task
from tasks.services import Services
from worker import logs, metrics

log = logs.get_logger(__name__)

BATCH = 200
"""Accounts served by one dispatch; the next tick serves the rest."""


def dispatch_due(services: Services) -> int:
    """Queue due actions, at most one for each account, and publish them after the commit.

    If publishing fails, the action is recovered when its lease expires.
    """
    with services.database.transaction() as session:
        due_actions = dispatch.queue_due_actions(
            session, batch=BATCH, lease=services.settings.action_time_limit
        )
    for due in due_actions:
        with logs.bound(correlation_id=due.correlation_id):
            publish_task(ACTION_TYPES[due.kind].task, action_id=str(due.action_id))
        metrics.DISPATCHED.labels(due.kind).inc()
    if due_actions:
        log.info("dispatched", actions=len(due_actions))
    return len(due_actions)
