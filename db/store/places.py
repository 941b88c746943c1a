"""Where a page of a list begins: behind the last row of the page before, also if that row is gone by now."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from db.tables import Account, Action, Campaign, Interaction

Place: TypeAlias = tuple[datetime, UUID]
"""When a row was created, and its id."""
Listed: TypeAlias = type[Action] | type[Campaign] | type[Interaction]


def is_behind(table: type[Action] | type[Campaign], before: UUID | Place) -> ColumnElement[bool]:
    """Return the condition for rows that were created before this one.

    An id alone must be that of a row: for an unknown one, no row meets the condition.
    """
    if isinstance(before, tuple):
        created, row_id = before
        return is_older(table.created_at, table.id, created, row_id)
    at = select(table.created_at).where(table.id == before).scalar_subquery()
    return tuple_(table.created_at, table.id) < tuple_(at, before)


def is_older(
    created_at: InstrumentedAttribute[datetime],
    row_id: InstrumentedAttribute[Any],
    created: datetime,
    last: UUID | int,
) -> ColumnElement[bool]:
    """Return the condition for rows behind the place (`created`, `last`), newest first."""
    return tuple_(created_at, row_id) < tuple_(literal(created), literal(last))


def narrow(
    table: Listed, *, account: str | None, since: datetime | None, until: datetime | None
) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions for rows of one account, created at `since` or later and before `until`."""
    if account is not None:
        yield table.account_id == select(Account.id).where(Account.name == account).scalar_subquery()
    if since is not None:
        yield table.created_at >= since
    if until is not None:
        yield table.created_at < until
