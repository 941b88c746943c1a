"""Read a day of an account's greetings: who was greeted, who is next, who waits, and who is left out."""

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from db.store.people.accounts import AccountRecord
from db.store.reports import outcome_counts
from db.store.reports.forecasts import upcoming_birthdays
from db.store.reports.forecasts.birthday_forecast import AccountForecast, forecast_birthdays
from db.store.reports.outcome_counts import is_sent_within, is_within, sent_at
from db.tables import Action, ActionEvent, Campaign, Contact, Interaction
from worker.errors import Reason
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.model import NO_CONTACT_LABEL, ActionState, CampaignState, Kind
from worker.rules.quota.windows import Span, calendar_day
from worker.rules.reports.day import ComingPerson, Day, GreetedPerson, LeftOutPerson, OpenPerson, ReplyLine

_Person = tuple[int, date]
"""A contact and the date of the occasion."""

_ENDED = (ActionState.DONE, ActionState.FAILED, ActionState.SKIPPED)
_FOR_A_PERSON = (ActionState.PROPOSED, ActionState.NEEDS_REVIEW)
_MOST_ENDED = 1000
_MOST_REPLIES = 50


def read_day(session: Session, account: AccountRecord, *, default_late_days: int) -> Day:
    """Return how today stands in the account's zone.

    The forecast is that of `rapport forecast`, and `default_late_days` is used as there.
    """
    found = forecast_birthdays(session, account, days=1, default_late_days=default_late_days)
    span = calendar_day(found.last, account.zone)
    placed: set[_Person] = set()
    greeted = list(_list_greeted(session, account, span, placed))
    opened = list(_list_open(session, account.id, placed))
    by_hand, left_out = _list_ended(session, account, span, placed)
    lists = _place_forecast(session, found, placed)
    left_out += _list_never_planned(found, placed)
    greetings = [person for kind, person in opened if kind is Kind.GREET]
    others = [person for kind, person in opened if kind is not Kind.GREET]
    return Day(
        on=found.last,
        now=found.now,
        halts=found.halts,
        greeted=sorted([*greeted, *by_hand], key=lambda person: person.at, reverse=True),
        waiting=[person for person in greetings if person.state in _FOR_A_PERSON],
        under_way=[person for person in greetings if person.state in IN_FLIGHT],
        uncertain=[person for person in greetings if person.state is ActionState.UNCERTAIN],
        left_out=sorted(left_out, key=lambda person: (person.on, person.name)),
        replies=list_replies(session, account.id, span),
        done=outcome_counts.count_done(
            session, (Action.account_id == account.id) & is_within(Action.acting_since, span)
        ),
        others_to_settle=[person for person in others if person.state is ActionState.NEEDS_REVIEW],
        **lists,
    )


def _list_greeted(
    session: Session, account: AccountRecord, span: Span, placed: set[_Person]
) -> Iterator[GreetedPerson]:
    rows = session.execute(
        select(Action, Interaction, Contact.full_name, sent_at)
        .join(Interaction, Interaction.action_id == Action.id)
        .join(Contact, Contact.id == Interaction.contact_id)
        .where(Interaction.account_id == account.id, Interaction.type == Kind.GREET, is_sent_within(span))
    )
    for action, proof, name, at in rows:
        placed.add((proof.contact_id, action.occasion_on))
        yield GreetedPerson(
            action.id, proof.contact_id, name, proof.message, at,
            days_late=(at.astimezone(account.zone).date() - action.occasion_on).days,
            screenshot=proof.screenshot, replied_at=proof.replied_at,
        )  # fmt: skip


def _list_open(session: Session, account_id: int, placed: set[_Person]) -> Iterator[tuple[Kind, OpenPerson]]:
    """Yield the actions in flight, and those that wait for a check or a person."""
    rows = session.execute(
        select(
            Action.id, Action.contact_id, Action.kind, Action.state, Action.reason, Action.occasion_on,
            Action.message, Contact.full_name,
        )
        .outerjoin(Contact, Contact.id == Action.contact_id)
        .where(
            Action.account_id == account_id,
            # two conditions, each with an index of its own
            or_(
                Action.state.in_((*_FOR_A_PERSON, ActionState.UNCERTAIN)),
                Action.state.in_(tuple(IN_FLIGHT)),
            ),
        )
        .order_by(Action.occasion_on.desc(), Action.id)
    )  # fmt: skip
    for row in rows:
        person = OpenPerson(
            row.id, row.contact_id or 0, row.full_name or NO_CONTACT_LABEL, ActionState(row.state),
            Reason(row.reason) if row.reason else None, row.occasion_on, row.message,
        )  # fmt: skip
        kind = Kind(row.kind)
        if kind is Kind.GREET:
            if (person.contact_id, person.on) in placed:
                continue
            placed.add((person.contact_id, person.on))
        yield kind, person


def _list_ended(
    session: Session, account: AccountRecord, span: Span, placed: set[_Person]
) -> tuple[list[GreetedPerson], list[LeftOutPerson]]:
    """Return whose greeting a person settled as sent, and whose was skipped or failed, on the day."""
    rows = session.execute(
        select(Action, Contact.full_name, ActionEvent.at)
        .join(ActionEvent, ActionEvent.action_id == Action.id)
        .join(Contact, Contact.id == Action.contact_id)
        .where(
            ActionEvent.account_id == account.id,
            ActionEvent.to_state.in_(_ENDED),
            ActionEvent.reason.is_not(None),
            is_within(ActionEvent.at, span),
            Action.kind == Kind.GREET,
        )
        .order_by(ActionEvent.at.desc())
        .limit(_MOST_ENDED)
    )
    greeted, left_out = [], []
    for action, name, at in rows:
        person = (action.contact_id, action.occasion_on)
        if action.contact_id is None or person in placed:
            continue
        placed.add((action.contact_id, action.occasion_on))
        if action.state == ActionState.DONE:
            sent = action.acting_since or at
            days_late = (sent.astimezone(account.zone).date() - action.occasion_on).days
            greeted.append(
                GreetedPerson(
                    action.id, action.contact_id, name, action.message, sent, days_late, by_hand=True
                )
            )
        else:
            left_out.append(
                LeftOutPerson(
                    action.contact_id, name, action.occasion_on, Reason(str(action.reason)), action.detail,
                    ActionState(action.state), action.id,
                )
            )  # fmt: skip
    return greeted, left_out


def _place_forecast(
    session: Session, found: AccountForecast, placed: set[_Person]
) -> Mapping[str, Sequence[ComingPerson]]:
    """Return the lists of the day whose people are still to be greeted."""
    lists: dict[str, list[ComingPerson]] = {"coming": [], "later": [], "paused": [], "unplanned": []}
    stopped = _list_paused(session, found.account.id)
    starts_by_itself = upcoming_birthdays.has_birthday_schedule(session, found.account.id)
    for each in found.forecast.actions:
        expected = each.action
        person = (expected.contact_id, expected.on)
        is_held = expected.waits_for is Reason.ON_HOLD and each.reached_on != found.last
        is_of_another_day = expected.on < found.last and not starts_by_itself
        if person in placed or (not expected.planned and (is_held or is_of_another_day)):
            continue
        line = ComingPerson(
            expected.contact_id, expected.full_name, expected.on, each.reached_at, each.held_back,
            expected.planned[1] if expected.planned else None,
        )  # fmt: skip
        if expected.campaign in stopped:
            name = "paused"
        elif not expected.planned and not starts_by_itself:
            name = "unplanned"
        elif each.reached_on == found.last:
            name = "coming"
        elif expected.planned or expected.on == found.last:
            name = "later"
        else:
            continue  # of an earlier day, and nobody has planned it
        placed.add(person)
        lists[name].append(line)
    for people in lists.values():
        people.sort(key=lambda line: (line.at is None, line.at, line.name))
    return lists


def _list_paused(session: Session, account_id: int) -> Set[str]:
    paused = select(Campaign.id).where(
        Campaign.account_id == account_id, Campaign.state == CampaignState.PAUSED
    )
    return {str(campaign_id) for campaign_id in session.scalars(paused)}


def _list_never_planned(found: AccountForecast, placed: Set[_Person]) -> Iterator[LeftOutPerson]:
    """Yield whoever has a birthday on the day, and is in no other list."""
    for each in found.due:
        if each.on != found.last or (each.contact_id, each.on) in placed:
            continue
        unnamed = Reason.NO_NAME if each.planned_as is None else None
        reason = each.left_out or (Reason.ON_HOLD if each.held_until else unnamed)
        yield LeftOutPerson(each.contact_id, each.full_name, each.on, reason, state=each.planned_as)


def list_replies(session: Session, account_id: int, span: Span) -> Sequence[ReplyLine]:
    """Return the answers to greetings that came in `span`, newest first; at most _MOST_REPLIES."""
    rows = session.execute(
        select(Interaction.contact_id, Contact.full_name, Interaction.replied_at, Interaction.reply)
        .join(Contact, Contact.id == Interaction.contact_id)
        .where(Interaction.account_id == account_id, is_within(Interaction.replied_at, span))
        .order_by(Interaction.replied_at.desc())
        .limit(_MOST_REPLIES)
    )
    return [ReplyLine(contact_id, name, at, text) for contact_id, name, at, text in rows if at is not None]
