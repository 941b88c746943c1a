"""Counts of action outcomes, for the summaries of a day and of a campaign."""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, SQLColumnExpression, and_, cast, func, select
from sqlalchemy.orm import Session

from db.tables import Action, ActionEvent, Contact, Interaction
from worker.errors import Reason
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.model import NO_CONTACT_LABEL, ActionState, Kind
from worker.rules.quota.windows import Span
from worker.rules.reports.summary import NotGreeted, OpenCounts

sent_at = func.coalesce(Action.acting_since, Interaction.created_at)
"""The instant at which a greeting was sent: its intent, right before the click, as in the quota."""


def is_sent_within(span: Span) -> ColumnElement[bool]:
    """Return the condition that a greeting was sent in `span`. Its record is never older than the sending."""
    return and_(Interaction.created_at >= span.start, is_within(sent_at, span))


def is_within(instant: SQLColumnExpression[Any], span: Span) -> ColumnElement[bool]:
    """Return the condition that `instant` is in `span`."""
    return and_(instant >= span.start, instant < span.end)


def count_sent(session: Session, zone: ZoneInfo, condition: ColumnElement[bool]) -> tuple[int, int]:
    """Return how many greetings were sent, and how many of these after the birthday."""
    late = cast(func.timezone(zone.key, sent_at), Date) > Action.occasion_on
    sent, of_them = session.execute(
        select(func.count(), func.count().filter(late))
        .select_from(Interaction)
        .join(Action)
        .where(Interaction.type == Kind.GREET, condition)
    ).one()
    return sent, of_them


def count_done(session: Session, condition: ColumnElement[bool]) -> dict[Kind, int]:
    """Return how many actions of each kind are DONE."""
    rows = session.execute(
        select(Action.kind, func.count())
        .where(condition, Action.state == ActionState.DONE)
        .group_by(Action.kind)
    )
    counts = {Kind(kind): count for kind, count in rows}
    return {kind: counts.get(kind, 0) for kind in Kind}


def count_ended(session: Session, account_id: int, span: Span) -> dict[ActionState, dict[Reason, int]]:
    """Count the actions that ended in `span`, by end state and reason, from their events.

    An end that was taken back is none, and one that came twice is one.
    """
    states = (ActionState.SKIPPED, ActionState.FAILED, ActionState.DONE)
    rows = session.execute(
        select(ActionEvent.to_state, ActionEvent.reason, func.count(ActionEvent.action_id.distinct()))
        .join(Action, Action.id == ActionEvent.action_id)
        .where(
            Action.state == ActionEvent.to_state,
            ActionEvent.account_id == account_id,
            ActionEvent.to_state.in_(states),
            ActionEvent.reason.is_not(None),
            is_within(ActionEvent.at, span),
        )
        .group_by(ActionEvent.to_state, ActionEvent.reason)
        .order_by(func.count(ActionEvent.action_id.distinct()).desc(), ActionEvent.reason)
    )
    ended: dict[ActionState, dict[Reason, int]] = {state: {} for state in states}
    for state, reason, count in rows:
        ended[ActionState(state)][Reason(str(reason))] = count
    return ended


def count_reasons(session: Session, condition: ColumnElement[bool], state: ActionState) -> dict[Reason, int]:
    """Count the actions in `state` by reason, most frequent first."""
    rows = session.execute(
        select(Action.reason, func.count())
        .where(condition, Action.state == state, Action.reason.is_not(None))
        .group_by(Action.reason)
        .order_by(func.count().desc(), Action.reason)
    )
    return {Reason(str(reason)): count for reason, count in rows}


def count_open(session: Session, condition: ColumnElement[bool]) -> OpenCounts:
    """Count the open actions by state, and the waiting ones by reason."""
    rows = session.execute(
        select(Action.state, func.count(), func.count(Action.reason)).where(condition).group_by(Action.state)
    )
    counts = {ActionState(state): (count, with_reason) for state, count, with_reason in rows}
    planned, held_back = counts.get(ActionState.PLANNED, (0, 0))
    return OpenCounts(
        due=planned - held_back,
        under_way=sum(counts.get(state, (0, 0))[0] for state in IN_FLIGHT),
        uncertain=counts.get(ActionState.UNCERTAIN, (0, 0))[0],
        proposed=counts.get(ActionState.PROPOSED, (0, 0))[0],
        needs_review=counts.get(ActionState.NEEDS_REVIEW, (0, 0))[0],
        waiting=count_reasons(session, condition, ActionState.PLANNED),
        names_differ=count_reasons(session, condition, ActionState.PROPOSED).get(Reason.NAME_DIFFERS, 0),
    )


def list_left_out(session: Session, condition: ColumnElement[bool]) -> list[NotGreeted]:
    """Return the skipped and failed actions, ordered by reason and name."""
    rows = session.execute(
        select(
            Contact.full_name,
            Contact.profile_url,
            Action.occasion,
            Action.state,
            Action.reason,
            Action.detail,
        )
        .outerjoin(Contact, Contact.id == Action.contact_id)
        .where(condition, Action.state.in_([ActionState.SKIPPED, ActionState.FAILED]))
        .order_by(Action.reason, Contact.full_name, Action.id)
    )
    return [
        NotGreeted(
            contact or NO_CONTACT_LABEL, url or "", occasion, ActionState(state), Reason(str(reason)), detail
        )
        for contact, url, occasion, state, reason, detail in rows
    ]
