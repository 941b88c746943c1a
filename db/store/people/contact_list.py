"""Lists of contacts, filtered and paged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Date, Select, and_, cast, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from db.store.people.accounts import find_account
from db.store.people.search_words import LOOKED_THROUGH, choose_words, fits_words, indexed, split_words
from db.tables import Account, Contact, Interaction, StoredProfile
from worker.rules.model import ContactStatus, Kind


class Place(NamedTuple):
    """Where a page begins: after the contact that became known then and has this id."""

    created_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class ContactLine:
    """One contact as a list shows it. Unknown values are empty or None.

    `degree` is 1 for a connection. `visited_at` is when the profile was last opened, `read_at` when the
    stored profile was read, `created_at` when the contact became known.
    """

    id: int
    account: str
    profile_url: str
    member_url: str | None
    name: str
    headline: str
    location: str
    company: str
    status: ContactStatus
    score: int | None
    open_to_work: bool | None
    degree: int | None
    do_not_contact: bool
    last_greeted_on: date | None
    visited_at: datetime | None
    read_at: datetime | None
    created_at: datetime

    @property
    def place(self) -> Place:
        """Where a page begins that follows this contact."""
        return Place(self.created_at, self.id)


@dataclass(frozen=True, slots=True)
class ContactFilters:
    """Filters of a contact list. None and an empty text mean no filter.

    Each word of `text` must begin a word of name, headline, position, location or company; case, accents and
    punctuation don't matter. `min_score` excludes contacts without a score, `open_to_work` those where it is
    unknown. `since` and `until` are about when a contact became known.
    """

    account: str | None = None
    status: ContactStatus | None = None
    min_score: int | None = None
    open_to_work: bool | None = None
    text: str = ""
    do_not_contact: bool | None = None
    on_hold: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_contacts(
    session: Session, filters: ContactFilters, *, limit: int, after: int | Place | None = None
) -> Sequence[ContactLine]:
    """Return a keyset page in the order in which contacts became known. Excludes erased contacts.

    The page follows `after`: a contact's id, or its place, which a list that is filtered by time needs.
    """
    words = split_words(session, filters.text)
    if filters.text.strip() and not words:
        return []
    by_time = filters.since is not None or filters.until is not None
    order = (Contact.created_at, Contact.id) if by_time else (Contact.id,)
    everybody = select(Contact).where(Contact.forgotten_at.is_(None))
    if filters.since is not None:
        everybody = everybody.where(Contact.created_at >= filters.since)
    if filters.until is not None:
        everybody = everybody.where(Contact.created_at < filters.until)
    if after is not None:
        place = (after if isinstance(after, tuple) else (after,))[-len(order) :]
        everybody = everybody.where(tuple_(*order) > tuple_(*map(literal, place)))
    if filters.account is not None:
        # A query of its own: the planner needs the id to know how many contacts the account has.
        owner = find_account(session, filters.account)
        everybody = everybody.where(Contact.account_id == (owner.id if owner else None))
    if words:
        narrowed = select(Contact).where(
            Contact.id.in_(_find_by_words(session, everybody, filters, words, by_time=by_time, limit=limit))
        )
    else:
        narrowed = everybody.where(*_conditions(Contact, filters)).order_by(*order).limit(limit)
    person = aliased(Contact, narrowed.subquery())
    visited_at = (
        select(func.max(Interaction.created_at))
        .where(Interaction.contact_id == person.id, Interaction.type == Kind.VISIT)
        .scalar_subquery()
    )
    rows = session.execute(
        select(person, Account.name, visited_at, StoredProfile.read_at)
        .join(Account, Account.id == person.account_id)
        .outerjoin(StoredProfile, StoredProfile.contact_id == person.id)
        .order_by(*([person.created_at, person.id] if by_time else [person.id]))
    )
    return [
        ContactLine(
            id=row.id,
            account=account,
            profile_url=row.profile_url,
            member_url=row.member_url,
            name=row.full_name,
            headline=row.profile.get("headline") or "",
            location=row.profile.get("location") or "",
            company=row.profile.get("company") or "",
            status=ContactStatus(row.status),
            score=row.score,
            open_to_work=row.profile.get("open_to_work"),
            degree=row.profile.get("degree"),
            do_not_contact=row.do_not_contact,
            last_greeted_on=row.last_greeted_on,
            visited_at=visited,
            read_at=read_at,
            created_at=row.created_at,
        )
        for row, account, visited, read_at in rows
    ]


def _find_by_words(
    session: Session,
    everybody: Select[Contact],
    filters: ContactFilters,
    words: Sequence[str],
    *,
    by_time: bool,
    limit: int,
) -> Sequence[int]:
    """Return the ids of a page of those whom the words and filters fit, as `search.find_people` finds them.

    The next people in the order are compared one by one; only if they don't fill the page, the index of words
    finds all who match. The planner can't tell which of the two is quick.
    """

    def order(person: type[Contact]) -> Sequence[Any]:
        return (person.created_at, person.id) if by_time else (person.id,)

    def conditions(person: type[Contact], asked: Sequence[str]) -> Sequence[ColumnElement[bool]]:
        places = (person.folded_name, person.folded_facts)  # the address' last part isn't searched here
        return [
            *_conditions(person, filters),
            *fits_words(words, asked),
            *(or_(*(place.contains(word, autoescape=True) for place in places)) for word in words),
        ]

    next_ones = everybody.order_by(*order(Contact)).limit(LOOKED_THROUGH)
    person = aliased(Contact, next_ones.subquery())
    near = select(person.id).where(*conditions(person, words)).order_by(*order(person)).limit(limit)
    found = session.scalars(near).all()
    counted = select(func.count()).select_from(next_ones.with_only_columns(literal(1)).subquery())
    if len(found) == limit or session.scalars(counted).one() < LOOKED_THROUGH:
        return found
    columns = [column.label(f"key_{number}") for number, column in enumerate(order(Contact))]
    asked = choose_words(session, words, everybody.order_by(*order(Contact)))
    matching = everybody.where(*conditions(Contact, asked)).with_only_columns(*columns)
    # Materialized, so that Postgres doesn't walk the order until the page is full.
    every = matching.cte("matching").prefix_with("materialized")
    with indexed(session):
        return session.scalars(select(list(every.c)[-1]).order_by(*every.c).limit(limit)).all()


def _conditions(person: type[Contact], filters: ContactFilters) -> list[ColumnElement[bool]]:
    """Return the conditions on a contact, apart from the account, the times and the words."""
    found: list[ColumnElement[bool]] = []
    if filters.status is not None:
        found.append(person.status == filters.status)
    if filters.min_score is not None:
        found.append(person.score >= filters.min_score)
    if filters.open_to_work is not None:
        found.append(person.profile.contains({"open_to_work": filters.open_to_work}))
    if filters.do_not_contact is not None:
        found.append(person.do_not_contact.is_(filters.do_not_contact))
    if filters.on_hold is not None:
        held = and_(person.hold_until.is_not(None), person.hold_until > _today_of_owner(person))
        found.append(held if filters.on_hold else ~held)
    return found


def _today_of_owner(person: type[Contact]) -> ColumnElement[date]:
    zone = select(Account.time_zone).where(Account.id == person.account_id).scalar_subquery()
    return cast(func.timezone(zone, func.now()), Date)
