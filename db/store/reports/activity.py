"""How much an account did on each day, how much of it was answered, and whose birthdays are when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.queries import load_query
from db.tables import Contact, InteractionsByDay
from worker.errors import Reason
from worker.rules.dates.birthdays import birthday_in, birthday_occasion
from worker.rules.model import ActionState, Birthday, ContactStatus, Kind


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many interactions of one kind happened on a day, and how many of them have a reply by now."""

    day: date
    kind: Kind
    happened: int
    answered: int


def list_day_counts(session: Session, account_id: int, first: date, last: date) -> Sequence[DayCount]:
    """Return the account's interactions by day and kind, from `first` to `last`; days without any are absent.

    The days are those of the account's zone. The cost depends on the days, not on the interactions.
    """
    happened, answered = (
        func.sum(column) for column in (InteractionsByDay.happened, InteractionsByDay.answered)
    )
    rows = session.execute(
        select(InteractionsByDay.day, InteractionsByDay.type, happened, answered)
        .where(InteractionsByDay.account_id == account_id, InteractionsByDay.day.between(first, last))
        .group_by(InteractionsByDay.day, InteractionsByDay.type)
        .having(happened > 0)
        .order_by(InteractionsByDay.day, InteractionsByDay.type)
    )
    return [DayCount(day, Kind(kind), int(count), int(replies)) for day, kind, count, replies in rows]


def find_first_day(session: Session, account_id: int) -> date | None:
    """Return the day of the account's first interaction, or None."""
    of_account = InteractionsByDay.account_id == account_id
    return session.scalar(select(func.min(InteractionsByDay.day)).where(of_account))


def merge_days(session: Session) -> None:
    """Merge the rows of each day, which later reads then sum faster. Waits for nobody, and nobody for it."""
    session.execute(load_query("merge_days"))


def count_birthdays(session: Session, account_id: int) -> Mapping[Birthday, int]:
    """Return how many contacts of the account have each birthday; others are absent."""
    rows = session.execute(
        select(Contact.birth_month, Contact.birth_day, func.count())
        .where(Contact.account_id == account_id, Contact.birth_month.is_not(None))
        .group_by(Contact.birth_month, Contact.birth_day)
    )
    return {Birthday(month, day): count for month, day, count in rows if month and day}


def _find_day(month: int, day: int, year: int) -> date | None:
    """Return when a birthday is celebrated; None for a stored day that no year has, such as 31 April."""
    try:
        return birthday_in(Birthday(month, day), year)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class MonthBirthday:
    """A contact with a birthday in a month, celebrated on `on`, and what is planned for it.

    `on` is None if no year has the stored day. `turns` is the age, None without a year of birth. `state` and
    `reason` are those of the action for this birthday, None without one.
    """

    contact_id: int
    full_name: str
    birth_day: int
    on: date | None
    turns: int | None
    status: ContactStatus
    do_not_contact: bool
    last_greeted_on: date | None
    state: ActionState | None
    reason: Reason | None


def list_month_birthdays(
    session: Session,
    account_id: int,
    *,
    year: int,
    month: int,
    limit: int,
    after: tuple[int, int] | None = None,
) -> Sequence[MonthBirthday]:
    """Return a keyset page of the contacts with a birthday in a month, by day and id.

    `after` is the day of birth and the id of the last contact of the page before.
    """
    day, contact_id = after or (0, 0)
    rows = session.execute(
        load_query("birthdays_of_month"),
        {
            "account_id": account_id,
            "month": month,
            "occasion": birthday_occasion(date(year, month, 1)),
            "day": day,
            "after_id": contact_id,
            "most": limit,
        },
    )
    return [
        MonthBirthday(
            contact_id=row.id,
            full_name=row.full_name,
            birth_day=row.birth_day,
            on=_find_day(month, row.birth_day, year),
            turns=year - row.birth_year if row.birth_year else None,
            status=ContactStatus(row.status),
            do_not_contact=row.do_not_contact,
            last_greeted_on=row.last_greeted_on,
            state=ActionState(row.state) if row.state else None,
            reason=Reason(row.reason) if row.reason else None,
        )
        for row in rows
    ]
