"""Holds: keep a person out of every campaign until a day of the account's calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Date, cast, func, select, update
from sqlalchemy.orm import Session

from db.engine import today_in
from db.store.people import accounts, changes
from db.tables import Account, Action, Contact
from worker.errors import Reason, RequestRefusedError
from worker.rules.model import ActionState, Kind

LONGEST: Final = timedelta(days=36_525)
"""Near the last day of the calendar, nothing could be computed for the days after the hold."""


@dataclass(frozen=True, slots=True)
class AwayPerson:
    """A person whose automatic answer names the return date `until`, and who is not on hold until then."""

    contact_id: int
    full_name: str
    profile_url: str
    until: date


def hold_contact(session: Session, contact_id: int, until: date, *, reason: str | None, by: str) -> int:
    """Hold a contact until the beginning of a day in the account's zone; return how many actions wait.

    Actions that are planned wait for that instant; the gate before the effect stops all others. Raises
    RequestRefusedError if the day is not in the future there, or further than LONGEST.
    """
    # Lock the actions before the contact, as recording an effect does.
    planned = _lock_planned(session, contact_id)
    contact = session.scalars(select(Contact).where(Contact.id == contact_id).with_for_update()).one()
    account = accounts.get_account(session, contact.account_id)
    today = today_in(session, account.zone)
    if until <= today:
        raise RequestRefusedError(
            f"the day must be after today, which is {today} in {account.zone.key}: the hold ends when that "
            "day begins"
        )
    if until - today > LONGEST:
        raise RequestRefusedError("a hold lasts 100 years at most: for longer, choose to contact them never")
    changes.record_change(session, contact_id, changes.HOLD, by=by, detail=until.isoformat())
    contact.hold_until, contact.hold_reason, contact.hold_by = until, reason, by
    ends = datetime.combine(until, time(), account.zone)
    held = Action.reason == Reason.ON_HOLD
    session.execute(
        update(Action)
        .where(Action.id.in_(planned), held | (Action.not_before < ends))
        .values(not_before=ends, reason=Reason.ON_HOLD, detail=f"until {until}, by {by}")
        .execution_options(synchronize_session=False)
    )
    session.flush()
    return len(planned)


def release_contact(session: Session, contact_id: int, *, by: str) -> bool:
    """End the hold on a contact; actions that waited for its end are due now. False: there was no hold."""
    planned = _lock_planned(session, contact_id)
    contact = session.scalars(select(Contact).where(Contact.id == contact_id).with_for_update()).one()
    if contact.hold_until is None:
        return False
    changes.record_change(session, contact_id, changes.RELEASE, by=by)
    contact.hold_until = contact.hold_reason = contact.hold_by = None
    session.execute(
        update(Action)
        .where(Action.id.in_(planned), Action.reason == Reason.ON_HOLD)
        .values(not_before=func.now(), reason=Reason.SETTLED_BY_HAND, detail=f"the hold was ended by {by}")
        .execution_options(synchronize_session=False)
    )
    session.flush()
    return True


def list_away(session: Session, account_id: int, *, limit: int = 20) -> Sequence[AwayPerson]:
    """Return the people of an account who are away by their automatic answers, soonest back first.

    People who are on hold until then, or not to be contacted, are left out.
    """
    today = _today_of_account()
    rows = session.scalars(
        select(Contact)
        .join(Account, Account.id == Contact.account_id)
        .where(
            Contact.account_id == account_id,
            Contact.away_until > today,
            func.coalesce(Contact.hold_until, today) < Contact.away_until,
            ~Contact.do_not_contact,
        )
        .order_by(Contact.away_until, Contact.id)
        .limit(limit)
    )
    return [
        AwayPerson(row.id, row.full_name, row.profile_url, row.away_until)
        for row in rows
        if row.away_until is not None
    ]


def _today_of_account() -> ColumnElement[date]:
    """Return the expression of today's date in the zone of the query's `Account`."""
    return cast(func.timezone(Account.time_zone, func.now()), Date)


def _lock_planned(session: Session, contact_id: int) -> Sequence[object]:
    """Lock the contact's planned actions, except withdrawals: those leave the person alone."""
    return session.scalars(
        select(Action.id)
        .where(
            Action.contact_id == contact_id,
            Action.state == ActionState.PLANNED,
            Action.kind != Kind.WITHDRAW,
        )
        .order_by(Action.id)
        .with_for_update()
    ).all()
