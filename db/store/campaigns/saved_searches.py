"""Saved searches: what is searched for, and whom it is to find, under a name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.store.people.accounts import AccountRecord
from db.tables import Account, SavedSearch
from worker.errors import RequestRefusedError
from worker.rules.sourcing.criteria import Criteria, asked
from worker.rules.sourcing.search import SearchQuery, parse_search, query_of


class NoSavedSearchError(RequestRefusedError):
    """No search of this name is saved for the account."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for on the site, and what people are scored by."""

    query: SearchQuery
    criteria: Criteria


@dataclass(frozen=True, slots=True)
class SavedRecord:
    """One saved search of an account."""

    account: str
    site: str
    name: str
    wanted: Wanted
    created_at: datetime


def _record(row: SavedSearch, account: str, site: str) -> SavedRecord:
    terms = tuple((name, value) for name, value in row.terms)
    wanted = Wanted(SearchQuery(terms), Criteria.model_validate(row.criteria))
    return SavedRecord(account, site, row.name, wanted, row.created_at)


_SAVED = select(SavedSearch, Account.name, Account.site).join(Account, Account.id == SavedSearch.account_id)


def put(session: Session, account_id: int, name: str, wanted: Wanted) -> None:
    """Save a search under `name`; an earlier one of that name is replaced."""
    values = {
        "terms": [list(term) for term in wanted.query.terms],
        "criteria": wanted.criteria.model_dump(mode="json", exclude_defaults=True),
    }
    statement = insert(SavedSearch).values(account_id=account_id, name=name, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id", "name"], set_=values))


def get(session: Session, account_id: int, name: str) -> SavedRecord | None:
    """Return the account's search of that name, or None."""
    row = session.execute(
        _SAVED.where(SavedSearch.account_id == account_id, SavedSearch.name == name)
    ).first()
    return _record(*row) if row else None


def everything(session: Session, *, account: str | None = None) -> Sequence[SavedRecord]:
    """Return the saved searches by account and name."""
    statement = _SAVED.order_by(Account.name, SavedSearch.name)
    if account is not None:
        statement = statement.where(Account.name == account)
    return [_record(*row) for row in session.execute(statement)]


def remove(session: Session, account_id: int, name: str) -> bool:
    """Remove a saved search; return whether there was one."""
    gone = session.execute(
        delete(SavedSearch)
        .where(SavedSearch.account_id == account_id, SavedSearch.name == name)
        .returning(SavedSearch.id)
    )
    return gone.first() is not None


def wanted(
    session: Session, account: AccountRecord, *, url: str | None, name: str | None, criteria: Criteria
) -> Wanted:
    """Return what a campaign of `account` searches for: by an address, a saved search, or criteria only.

    Criteria that are given win over those of the saved search. Raises NoSavedSearchError, and
    RequestRefusedError that names what is wrong: an address that is no people search of the account's own
    site, or criteria that the site can't be searched by.
    """
    if name is not None:
        saved = get(session, account.id, name)
        if saved is None:
            raise NoSavedSearchError(
                f"saved_search: account {account.name} has no search {name!r}; `rapport sourcing saved "
                f"{account.name}` shows them"
            )
        return Wanted(saved.wanted.query, criteria if asked(criteria) else saved.wanted.criteria)
    try:
        query = parse_search(url, account.site) if url is not None else query_of(criteria, account.site)
    except ValueError as error:
        raise RequestRefusedError(f"{'criteria' if url is None else 'url'}: {error}") from None
    return Wanted(query, criteria)
