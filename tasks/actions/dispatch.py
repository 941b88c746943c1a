"""Publish due actions to the browser workers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError

from db.store.actions import dispatch
from db.store.actions.dispatch import DueAction
from tasks.actions.kinds import ACTION_TYPES
from tasks.publish import publish_task
from tasks.services import Services
from worker import logs, metrics
from worker.clock import monotonic_seconds
from worker.rules.wire.trace_ids import campaign_span
from worker.tracing import spans

log = logs.get_logger(__name__)

BATCH = 200
"""Accounts served by one transaction of a dispatch."""


def dispatch_due(services: Services) -> int:
    """Queue due actions, at most one for each account, and publish them after the commit of each batch.

    Batches follow until one isn't full, but no longer than until the next tick, which serves the rest. If
    publishing fails, the action is recovered when its lease expires.
    """
    until_s = monotonic_seconds() + services.settings.dispatch_every.total_seconds()
    published = 0
    while True:
        with services.database.transaction() as session:
            due_actions = dispatch.queue_due_actions(
                session, batch=BATCH, lease=services.settings.action_time_limit
            )
        published += _publish(due_actions)
        if len(due_actions) < BATCH or monotonic_seconds() >= until_s:
            return published


def dispatch_next(services: Services, account_id: int) -> int:
    """Queue and publish the account's next due action when its last one has ended: it waits for no tick.

    If another process has locked the account, the tick does it: this one waits for nobody.
    """
    try:
        with services.database.single_statement() as session:
            due_actions = dispatch.queue_next_action(
                session, account_id, lease=services.settings.action_time_limit
            )
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        return 0
    return _publish(due_actions)


def _publish(due_actions: Sequence[DueAction]) -> int:
    for due in due_actions:
        with _story(due):
            publish_task(ACTION_TYPES[due.kind].task, action_id=str(due.action_id))
            log.info("action_dispatched", action=str(due.action_id), kind=due.kind)
        metrics.DISPATCHED.labels(due.kind).inc()
    return len(due_actions)


@contextmanager
def _story(due: DueAction) -> Iterator[None]:
    """Run the block as part of what planned the action, not of the tick that found it."""
    about = {"rapport.action.id": str(due.action_id), "rapport.kind": due.kind}
    parent = campaign_span(due.correlation_id, due.campaign_id)
    with (
        logs.bound(correlation_id=due.correlation_id),
        spans.story("dispatch", due.correlation_id, about, parent=parent),
    ):
        yield
