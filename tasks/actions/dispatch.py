"""Due actions become messages."""

from collections.abc import Mapping

from celery import Task

from db.store.actions import dispatch as actions_dispatch
from tasks.contract import (
    BIRTHDAY_GREET,
    DISPATCH,
    INVITATIONS_WITHDRAW,
    SOURCING_COLLECT,
    VISITOR_VISIT,
    Tick,
)
from tasks.publish import publish_task
from tasks.services import Services, services
from worker import logs, metrics
from worker.app import app
from worker.rules.model import Kind

log = logs.get_logger(__name__)

_TASKS: Mapping[Kind, str] = {
    Kind.GREET: BIRTHDAY_GREET,
    Kind.VISIT: VISITOR_VISIT,
    Kind.COLLECT: SOURCING_COLLECT,
    Kind.WITHDRAW: INVITATIONS_WITHDRAW,
}

BATCH = 200
"""Accounts served by one dispatch; the next tick serves the rest."""


def dispatch_due(services: Services) -> int:
    """Queue what is due, at most one action for each account, and publish it after the commit.

    A publish that fails costs nothing: the lease brings the action back.
    """
    with services.database.transaction() as session:
        due_actions = actions_dispatch.queue_due_actions(
            session, batch=BATCH, lease=services.settings.action_time_limit
        )
    for due in due_actions:
        with logs.bound(correlation_id=due.correlation_id):
            publish_task(task_for(due.kind).name, action_id=str(due.action_id))
        metrics.DISPATCHED.labels(due.kind).inc()
    if due_actions:
        log.info("dispatched", actions=len(due_actions))
    return len(due_actions)


def task_for(kind: Kind) -> Task:
    """Return the task that carries out actions of `kind`."""
    return app.tasks[_TASKS[kind]]


@app.task(name=DISPATCH, pydantic=True, pydantic_strict=False)
def dispatch(tick: Tick) -> None:
    """Hand due actions to the browser workers."""
    dispatch_due(services())
