"""How many notices have ended in each way. Deliveries are deleted with time; these counts stay."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import NoticeTotal
from worker.rules.notices.deliveries import Outcome
from worker.rules.notices.kinds import NoticeKind


def count_outcomes(session: Session, kinds: Iterable[NoticeKind], outcome: Outcome) -> None:
    """Add notices of these kinds to the totals of an outcome."""
    counts: dict[NoticeKind, int] = {}
    for kind in kinds:
        counts[kind] = counts.get(kind, 0) + 1
    for kind in sorted(counts):  # in one order, so that two notifiers don't wait for each other
        statement = insert(NoticeTotal).values(kind=kind, outcome=outcome, count=counts[kind])
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["kind", "outcome"],
                set_={"count": NoticeTotal.count + statement.excluded["count"]},
            )
        )


def read_totals(session: Session) -> Mapping[tuple[NoticeKind, Outcome], int]:
    """Return how many notices have ended in each way, ever."""
    rows = session.execute(select(NoticeTotal.kind, NoticeTotal.outcome, NoticeTotal.count))
    return {(NoticeKind(kind), Outcome(outcome)): count for kind, outcome, count in rows}
