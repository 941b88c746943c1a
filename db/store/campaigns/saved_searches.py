"""Saved searches: a search query and scoring criteria under a name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.store.people.accounts import AccountRecord
from db.tables import Account, SavedSearch
from worker.errors import RequestRefusedError
from worker.rules.sourcing.criteria import Criteria, given_criteria
from worker.rules.sourcing.search import SearchQuery, build_query, parse_search
from worker.rules.texts.suggestions import did_you_mean, suggest_names


class NoSavedSearchError(RequestRefusedError):
    """The account has no saved search of this name."""


@dataclass(frozen=True, slots=True)
class SearchSpec:
    """The query for the site's people search, and the criteria that score the people found."""

    query: SearchQuery
    criteria: Criteria


@dataclass(frozen=True, slots=True)
class SavedSearchRecord:
    """One saved search of an account."""

    account: str
    site: str
    name: str
    spec: SearchSpec
    created_at: datetime


def _record(row: SavedSearch, account: str, site: str) -> SavedSearchRecord:
    terms = tuple((name, value) for name, value in row.terms)
    spec = SearchSpec(SearchQuery(terms), Criteria.model_validate(row.criteria))
    return SavedSearchRecord(account, site, row.name, spec, row.created_at)


_SAVED = select(SavedSearch, Account.name, Account.site).join(Account, Account.id == SavedSearch.account_id)


def save_search(session: Session, account_id: int, name: str, spec: SearchSpec) -> None:
    """Save a search under `name`, replacing an earlier one."""
    values = {
        "terms": [list(term) for term in spec.query.terms],
        "criteria": spec.criteria.model_dump(mode="json", exclude_defaults=True),
    }
    statement = insert(SavedSearch).values(account_id=account_id, name=name, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id", "name"], set_=values))


def find_saved_search(
    session: Session, account_id: int, name: str, *, lock: bool = False
) -> SavedSearchRecord | None:
    """Return the account's saved search `name`, or None. `lock` locks its row until the transaction ends."""
    statement = _SAVED.where(SavedSearch.account_id == account_id, SavedSearch.name == name)
    row = session.execute(statement.with_for_update(of=SavedSearch) if lock else statement).first()
    return _record(*row) if row else None


def list_saved_searches(
    session: Session,
    *,
    account: str | None = None,
    limit: int | None = None,
    after: tuple[str, str] | None = None,
) -> Sequence[SavedSearchRecord]:
    """Return the saved searches, ordered by account and name.

    With `limit` a page of those behind `after`, the names of an account and of a search.
    """
    statement = _SAVED.order_by(Account.name, SavedSearch.name).limit(limit)
    if account is not None:
        statement = statement.where(Account.name == account)
    if after is not None:
        statement = statement.where(tuple_(Account.name, SavedSearch.name) > after)
    return [_record(*row) for row in session.execute(statement)]


def describe_unknown(session: Session, account: AccountRecord, name: str) -> str:
    """Return an error text for a name that no saved search of the account has, with the nearest names."""
    known = select(SavedSearch.name).where(SavedSearch.account_id == account.id).order_by(SavedSearch.name)
    near = did_you_mean(suggest_names(name, session.scalars(known)))
    advice = near or f"`rapport sourcing saved {account.name}` shows them"
    return f"account {account.name} has no search {name!r}; {advice}"


def delete_saved_search(session: Session, account_id: int, name: str) -> bool:
    """Delete a saved search; return whether it existed."""
    deleted = session.execute(
        delete(SavedSearch)
        .where(SavedSearch.account_id == account_id, SavedSearch.name == name)
        .returning(SavedSearch.id)
    )
    return deleted.first() is not None


def resolve_search(
    session: Session, account: AccountRecord, *, url: str | None, name: str | None, criteria: Criteria
) -> SearchSpec:
    """Return the search of a campaign: from a saved search `name`, a search `url`, or `criteria` alone.

    Given criteria replace those of the saved search. Raises NoSavedSearchError; raises RequestRefusedError
    if `url` is not a people search of the account's site, or the site can't search by these criteria.
    """
    if name is not None:
        saved = find_saved_search(session, account.id, name)
        if saved is None:
            raise NoSavedSearchError(f"saved_search: {describe_unknown(session, account, name)}")
        return SearchSpec(saved.spec.query, criteria if given_criteria(criteria) else saved.spec.criteria)
    try:
        query = parse_search(url, account.site) if url is not None else build_query(criteria, account.site)
    except ValueError as error:
        raise RequestRefusedError(f"{'criteria' if url is None else 'url'}: {error}") from None
    return SearchSpec(query, criteria)
