"""Filters and orders of the list of people, and the conditions that they stand for."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, select, tuple_

from db.tables import Contact, Import
from worker.rules.dates.birthdays import recent_birthdays
from worker.rules.model import ContactStatus, ImportSource

WEEK: Final = 7
MONTH: Final = 31
"""Days from today on."""


class PeopleOrder(StrEnum):
    """What a list of people is sorted by. By birthday it begins with today's, and leaves unknown ones out."""

    NAME = "name"
    BIRTHDAY = "birthday"


class BirthdayFilter(StrEnum):
    """When the next birthday is: within 7 or 31 days from today on, or not known."""

    WEEK = "week"
    MONTH = "month"
    UNKNOWN = "unknown"


class ContactFilter(StrEnum):
    """Whether a person may be contacted."""

    ON_HOLD = "hold"
    NEVER = "never"


class GreetedFilter(StrEnum):
    """When the account last greeted the person."""

    NEVER = "never"
    THIS_YEAR = "year"


class NameFilter(StrEnum):
    """By which name greetings call the person: one set by hand, or none is certain."""

    BY_HAND = "hand"
    NONE = "none"


SITE: Final = "site"
"""The source of people whom a page of the site showed."""
NO_LANGUAGE: Final = "none"


@dataclass(frozen=True, slots=True)
class PeopleFilters:
    """None means no filter. `source` is a format of imports, or SITE; `language` may be NO_LANGUAGE.

    `doubts` are those about whom a person is asked. NameFilter.NONE also needs the rule of names, row by row.
    """

    birthday: BirthdayFilter | None = None
    contact: ContactFilter | None = None
    status: ContactStatus | None = None
    greeted: GreetedFilter | None = None
    name: NameFilter | None = None
    source: str | None = None
    language: str | None = None
    doubts: bool = False


EVERYBODY: Final = PeopleFilters()


def filter_conditions(
    person: type[Contact], filters: PeopleFilters, account_id: int, today: date
) -> list[ColumnElement[bool]]:
    """Return the conditions of the filters, except `doubts` and the rule of names."""
    possible = (
        _by_birthday(person, filters.birthday, today),
        _by_contact(person, filters.contact, today),
        None if filters.status is None else person.status == filters.status,
        _by_greeting(person, filters.greeted, today),
        _by_name(person, filters.name),
        _by_source(person, filters.source, account_id),
        _by_language(person, filters.language),
    )
    return [each for each in possible if each is not None]


def _by_birthday(
    person: type[Contact], wanted: BirthdayFilter | None, today: date
) -> ColumnElement[bool] | None:
    if wanted is None:
        return None
    if wanted is BirthdayFilter.UNKNOWN:
        return person.birth_month.is_(None)
    days = WEEK if wanted is BirthdayFilter.WEEK else MONTH
    soon = recent_birthdays(today + timedelta(days=days - 1), days - 1)
    return tuple_(person.birth_month, person.birth_day).in_([(each.month, each.day) for each in soon])


def _by_contact(
    person: type[Contact], wanted: ContactFilter | None, today: date
) -> ColumnElement[bool] | None:
    if wanted is None:
        return None
    return person.do_not_contact.is_(True) if wanted is ContactFilter.NEVER else person.hold_until > today


def _by_greeting(
    person: type[Contact], wanted: GreetedFilter | None, today: date
) -> ColumnElement[bool] | None:
    if wanted is None:
        return None
    greeted_on = person.last_greeted_on
    return (
        greeted_on.is_(None) if wanted is GreetedFilter.NEVER else greeted_on >= today.replace(month=1, day=1)
    )


def _by_name(person: type[Contact], wanted: NameFilter | None) -> ColumnElement[bool] | None:
    if wanted is None:
        return None
    return person.call_by.is_(None) if wanted is NameFilter.NONE else person.call_by.is_not(None)


def _by_source(person: type[Contact], wanted: str | None, account_id: int) -> ColumnElement[bool] | None:
    if wanted is None:
        return None
    if wanted == SITE:
        return person.import_id.is_(None)
    files = select(Import.id).where(Import.account_id == account_id, Import.source == ImportSource(wanted))
    return person.import_id.in_(files)


def _by_language(person: type[Contact], wanted: str | None) -> ColumnElement[bool] | None:
    if wanted is None:
        return None
    return person.language.is_(None) if wanted == NO_LANGUAGE else person.language == wanted
