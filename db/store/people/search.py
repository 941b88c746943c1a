"""Search and filter the people of an account, in keyset pages that stay quick with a million contacts.

Words and filters may fit nearly everybody or nobody, and the planner can't tell which: its statistics don't
know how many words begin alike. So a page is first looked for among the next few thousand people in the order
of the list, one by one. If they don't fill it, indexes find all who match.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import Session, aliased

from db.store.people.people_filters import EVERYBODY, PeopleFilters, PeopleOrder, filter_conditions
from db.store.people.search_words import LONGEST_QUERY, LOOKED_THROUGH, choose_words, fits_words, split_words
from db.tables import Contact
from db.tables.folding import NAME_ORDER
from worker.rules.people.addresses import PROFILE_ORIGINS, normalise_profile_url

MOST_COUNTED: Final = 1_000
"""Of more matches it is only said that there are more."""

_COUNTED_THROUGH: Final = 10_000
"""People who are compared one by one before indexes are asked."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Whom a list shows: each of `words` begins a word of the contact; or one of `addresses` is theirs.

    `ids` limits it to these contacts. `today` is the account's.
    """

    account_id: int
    today: date
    words: Sequence[str] = ()
    addresses: Sequence[str] = ()
    filters: PeopleFilters = EVERYBODY
    ids: Collection[int] | None = None
    order: PeopleOrder = PeopleOrder.NAME

    @property
    def is_everybody(self) -> bool:
        """Whether there is no condition."""
        narrowed = self.words or self.addresses or self.ids is not None
        return not narrowed and self.filters == EVERYBODY


@dataclass(frozen=True, slots=True)
class FoundPeople:
    """A page of contact ids in order; `more`: others follow.

    `count` is how many there are on all pages; MOST_COUNTED + 1 stands for more than MOST_COUNTED.
    """

    ids: Sequence[int]
    more: bool
    count: int


def read_query(session: Session, given: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return the words that a person typed, folded as the stored ones are, or the addresses meant."""
    given = " ".join(given.replace("\0", " ").split())[:LONGEST_QUERY]
    if "/in/" in given:
        address = given.rstrip("/")
        normalised = (normalise_profile_url(given, site) for site in PROFILE_ORIGINS)
        return (), sorted({address, f"{address}/", *filter(None, normalised)})
    return split_words(session, given), ()


def find_people(
    session: Session, sought: Sought, *, after: int | None, limit: int, count: bool = True
) -> FoundPeople:
    """Return the next contacts, after the contact `after` in the order; from the first if that one is gone.

    The order by birthday begins with today's, the order by name with names that begin with the first word.
    Without `count`, FoundPeople.count means nothing.
    """
    place = _find_place(session, sought, after)
    ids = _look_through(session, sought, place, limit + 1)
    if ids is None:
        ids, counted = _look_up(session, sought, place, limit + 1)
    elif (len(ids) <= limit and place is None) or not count:
        counted = len(ids)
    else:
        counted = _count(session, sought)
    return FoundPeople(ids[:limit], len(ids) > limit, min(counted, MOST_COUNTED + 1))


def _count(session: Session, sought: Sought) -> int:
    """Count the matches up to MOST_COUNTED + 1, of which the first thousands of each part hold many."""
    if not sought.is_everybody:
        counted, is_whole = 0, True
        for part, more in _parts(sought, None):
            scan = _scan(sought, part, _COUNTED_THROUGH)
            person = aliased(Contact, scan.subquery())
            counted += _count_some(session, select(person).where(*_conditions(person, sought), *more))
            if counted > MOST_COUNTED:
                return counted
            is_whole = is_whole and _count_rows(session, scan) < _COUNTED_THROUGH
        if is_whole:
            return counted
    return _count_some(session, _everybody(sought).where(*_conditions(Contact, sought)))


def _count_some(session: Session, matching: Select[Contact]) -> int:
    return _count_rows(session, matching.with_only_columns(literal(1)).limit(MOST_COUNTED + 1))


def _everybody(sought: Sought) -> Select[Contact]:
    found = select(Contact).where(Contact.account_id == sought.account_id, Contact.forgotten_at.is_(None))
    return found.where(Contact.birth_month.is_not(None)) if sought.order is PeopleOrder.BIRTHDAY else found


def _conditions(
    person: type[Contact], sought: Sought, asked: Sequence[str] | None = None
) -> list[ColumnElement[bool]]:
    """Return the conditions on a contact. The index is asked for the words `asked`, by default for all."""
    found = filter_conditions(person, sought.filters, sought.account_id, sought.today)
    if sought.ids is not None:
        found.append(person.id.in_(sought.ids))
    if sought.addresses:
        found.append(or_(person.profile_url.in_(sought.addresses), person.member_url.in_(sought.addresses)))
    if sought.words:
        found += fits_words(sought.words, sought.words if asked is None else asked)
        # Implied, but cheap and checked first: where the index isn't used, few contacts' words are computed.
        places = (person.folded_name, person.folded_facts, person.profile_url)
        found += (or_(*(each.contains(word, autoescape=True) for each in places)) for word in sought.words)
    return found


_NAME: Final = literal_column(NAME_ORDER, Text())
_LAST: Final = "\U0010ffff"
"""The last code point: what begins with a word is sorted before the word with this sign."""
_Conditions = list[ColumnElement[bool]]
_Place = tuple[Any, ...]
"""Where a page begins: the values of `_keys`."""


def _columns(order: PeopleOrder, person: type[Contact] = Contact) -> list[Any]:
    """Return the columns of the index that has the people in this order."""
    if order is PeopleOrder.NAME:
        return [_NAME, person.id]
    return [person.birth_month, person.birth_day, person.id]


def _keys(sought: Sought, person: type[Contact] = Contact) -> list[Any]:
    """Return what the list is sorted by: the columns of the index, after which of two parts a contact is in.

    The second part has the birthdays before today, or the names that don't begin with the first word.
    """
    columns = _columns(sought.order, person)
    if sought.order is PeopleOrder.BIRTHDAY:
        return [tuple_(*columns[:2]) < _row(columns[:2], _today(sought)), *columns]
    if sought.words:
        return [not_(_begins_name(sought)), *columns]
    return columns


def _begins_name(sought: Sought) -> ColumnElement[bool]:
    """Return which names are between the word and all that begins with it: one range in any collation."""
    return and_(sought.words[0] <= _NAME, sought.words[0] + _LAST > _NAME)


def _today(sought: Sought) -> _Place:
    return sought.today.month, sought.today.day


def _find_place(session: Session, sought: Sought, after: int | None) -> _Place | None:
    if after is None:
        return None
    place = _everybody(sought).where(Contact.id == after).with_only_columns(*_keys(sought))
    found = session.execute(place).one_or_none()
    return None if found is None else tuple(found)


def _look_through(session: Session, sought: Sought, place: _Place | None, limit: int) -> Sequence[int] | None:
    """Return the matches among the next contacts; None if they are too few, and others may follow."""
    found: list[int] = []
    for part, more in _parts(sought, place):
        most = limit if sought.is_everybody else LOOKED_THROUGH
        scan = _scan(sought, part, most)
        person = aliased(Contact, scan.subquery())
        matching = select(person.id).where(*_conditions(person, sought), *more)
        in_order = matching.order_by(*_columns(sought.order, person)).limit(limit - len(found))
        found += session.scalars(in_order)
        if len(found) == limit:
            break
        if not sought.is_everybody and _count_rows(session, scan) == most:
            return None
    return found


def _scan(sought: Sought, part: _Conditions, most: int) -> Select[Contact]:
    return _everybody(sought).where(*part).order_by(*_columns(sought.order)).limit(most)


def _parts(sought: Sought, place: _Place | None) -> Iterator[tuple[_Conditions, _Conditions]]:
    """Yield each range of the index that follows the place, and which of its contacts belong to the part."""
    columns = _columns(sought.order)
    if sought.order is PeopleOrder.NAME and not sought.words:
        yield _after(columns, place), []
        return
    is_in_second = place is not None and bool(place[0])
    after = _after(columns, place and place[1:])
    if sought.order is PeopleOrder.BIRTHDAY:
        day, today = tuple_(*columns[:2]), _row(columns[:2], _today(sought))
        first, second, is_second = day >= today, [day < today], list[ColumnElement[bool]]()
    else:  # the second range has all names: leaving those of the first part out could mean reading many
        first, second, is_second = _begins_name(sought), [], [not_(_begins_name(sought))]
    if not is_in_second:
        yield [first, *after], []
    yield [*second, *(after if is_in_second else [])], is_second


def _after(columns: Sequence[ColumnElement[Any]], values: _Place | None) -> _Conditions:
    return [] if values is None else [tuple_(*columns) > _row(columns, values)]


def _look_up(session: Session, sought: Sought, place: _Place | None, limit: int) -> tuple[Sequence[int], int]:
    """Return the next matches, and how many there are, by indexes that don't know the order."""
    everybody = _everybody(sought)
    asked = choose_words(session, sought.words, everybody.order_by(*_columns(sought.order)))
    columns = _keys(sought)
    keys = [column.label(f"key_{number}") for number, column in enumerate(columns)]
    matching = (
        everybody.where(*_conditions(Contact, sought, asked))
        .with_only_columns(*keys)
        .cte("matching")  # read twice, so Postgres computes it first and doesn't walk the order for it
    )
    page = select(matching).order_by(*matching.c).limit(limit)
    if place is not None:
        page = page.where(tuple_(*matching.c) > _row(columns, place))
    counted = select(func.count().label("matches")).select_from(matching).subquery()
    in_order = page.subquery()
    rows = session.execute(
        select(counted.c.matches, *in_order.c)
        .select_from(counted.outerjoin(in_order, true()))
        .order_by(*in_order.c)
    ).all()
    return [row[-1] for row in rows if row[-1] is not None], rows[0].matches


def _row(columns: Sequence[ColumnElement[Any]], values: _Place) -> ColumnElement[Any]:
    return tuple_(*(literal(value, column.type) for column, value in zip(columns, values, strict=True)))


def _count_rows(session: Session, selected: Select[Any]) -> int:
    return session.scalars(select(func.count()).select_from(selected.subquery())).one()
