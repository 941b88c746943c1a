"""The counters that Postgres keeps: what happened to actions, and how many people were processed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.metrics_core import Metric
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.queries import load_query
from db.tables import PeopleTotal
from worker.metrics import state
from worker.rules.model import ActionState, CampaignKind, Kind
from worker.rules.reports.totals import MoveTotal, PeopleSource, ProcessedOutcome, count_processed, count_sent


def read(session: Session) -> Iterator[Metric]:
    """Yield the counters. Those that dashboards of the predecessor expect have every label from the start."""
    totals = list_move_totals(session)
    yield state.BIRTHDAY_MESSAGES.build(((status,), count) for status, count in count_sent(totals).items())
    yield state.CONTACTS_PROCESSED.build(count_processed(totals, count_people(session)).items())
    moves: Counter[tuple[str, str, str]] = Counter()
    for total in totals:
        moves[total.kind, total.to_state, total.reason] += total.moves
    yield state.ACTION_TRANSITIONS.build(moves.items())


def list_move_totals(session: Session) -> Sequence[MoveTotal]:
    """Return how often actions of all accounts have moved, by both states and the reason."""
    return [
        MoveTotal(
            CampaignKind(row.campaign_kind),
            Kind(row.kind),
            ActionState(row.from_state) if row.from_state else None,
            ActionState(row.to_state),
            row.reason,
            row.moves,
        )
        for row in session.execute(load_query("move_totals"))
    ]


def count_people(session: Session) -> Mapping[tuple[PeopleSource, ProcessedOutcome], int]:
    """Return how many people the searches of sourcing campaigns found, and imports read, by outcome."""
    rows = session.execute(
        select(PeopleTotal.source, PeopleTotal.outcome, func.sum(PeopleTotal.people)).group_by(
            PeopleTotal.source, PeopleTotal.outcome
        )
    )
    return {
        (PeopleSource(source), ProcessedOutcome(outcome)): int(people) for source, outcome, people in rows
    }
