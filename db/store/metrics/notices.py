"""Notices that wait, that were given up, and how they ended."""

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric
from sqlalchemy.orm import Session

from db.store.notices import log, totals
from worker.metrics import state
from worker.rules.notices.deliveries import DeliveryState, Outcome
from worker.rules.notices.kinds import NoticeKind


def read(session: Session) -> Iterator[Metric]:
    """Yield the gauges and the counter; every kind and outcome is there from the start."""
    now = log.read_state(session)
    yield state.NOTICES.build(
        [((DeliveryState.PENDING,), now.pending), ((DeliveryState.FAILED,), now.failed)]
    )
    yield state.OLDEST_NOTICE.build([((), now.oldest_pending.total_seconds())])
    ended = totals.read_totals(session)
    yield state.NOTICES_TOTAL.build(
        ((kind, outcome), ended.get((kind, outcome), 0)) for kind in NoticeKind for outcome in Outcome
    )
