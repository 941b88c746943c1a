"""Dispatch and recovery of actions of all kinds: the task functions."""

from tasks.actions.dispatch import dispatch_due
from tasks.actions.recover import recover_lapsed
from tasks.contract import DISPATCH, RECOVER, Tick
from tasks.services import get_services
from worker.app import app


@app.task(name=DISPATCH, pydantic=True, pydantic_strict=False)
def dispatch(tick: Tick) -> None:
    """Hand due actions to the browser workers."""
    dispatch_due(get_services())


@app.task(name=RECOVER, pydantic=True, pydantic_strict=False)
def recover(tick: Tick) -> None:
    """Recover the actions of dead workers."""
    if recover_lapsed(get_services()):
        dispatch_due(get_services())
