"""The actions that have not ended: how many, since when, and how late."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.metrics_core import Metric
from sqlalchemy.orm import Session

from db.queries import load_query
from worker.metrics import state
from worker.rules.lifecycle import END_STATES
from worker.rules.model import ActionState, Kind

_AGED: Final = (
    ActionState.PROPOSED, ActionState.CLAIMED, ActionState.ACTING, ActionState.UNCERTAIN,
    ActionState.NEEDS_REVIEW,
)  # fmt: skip
_OPEN: Final = tuple(each for each in ActionState if each not in END_STATES)


def read(session: Session) -> Iterator[Metric]:
    """Yield the gauges, each with 0 where there is nothing, so that an alert has something to compare."""
    counts: dict[tuple[str, str], float] = {(kind, each): 0 for kind in Kind for each in _OPEN}
    counts |= {(kind, each): count for kind, each, count in session.execute(load_query("open_actions"))}
    yield state.ACTIONS.build(counts.items())
    ages: dict[str, float] = dict.fromkeys(_AGED, 0)
    ages |= {each: float(seconds) for each, seconds in session.execute(load_query("oldest_actions"))}
    yield state.OLDEST_ACTION.build(((each,), age) for each, age in ages.items())
    late: dict[str, float] = dict.fromkeys(Kind, 0)
    late |= {kind: float(seconds) for kind, seconds in session.execute(load_query("oldest_due_actions"))}
    yield state.OLDEST_DUE_ACTION.build(((kind,), seconds) for kind, seconds in late.items())
    yield state.OLDEST_LEASE.build([((), float(session.scalar(load_query("oldest_lease")) or 0))])
