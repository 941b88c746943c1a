"""Who changed what: rows that are only added, for what the history of actions doesn't tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables import Change


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """One change: who made it, what it was, such as `account.pause`, and what it was about."""

    id: int
    at: datetime
    by: str
    change: str
    about: str
    detail: str


def record_change(session: Session, *, by: str, change: str, about: str, detail: str = "") -> None:
    """Record a change in its own transaction; call it first, so that events of actions name `by` too.

    `about` and `detail` hold ids, names of accounts and users, codes and numbers: never a contact's name or
    a text, because these rows are not erased with a contact.
    """
    name_actor(session, by)
    session.add(Change(by=by[:200], change=change, about=about[:200], detail=detail[:500]))
    session.flush()


def name_actor(session: Session, by: str) -> None:
    """Let events of actions in this transaction name `by`: their trigger takes the connection's name."""
    session.execute(select(func.set_config("application_name", by, True)))


def list_changes(
    session: Session,
    *,
    before: int | None = None,
    about: str | None = None,
    by: str | None = None,
    change: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
) -> Sequence[ChangeRecord]:
    """Return changes, newest first: with an id less than `before`, about one thing, by one person, of a kind.

    Only those from `since` on and before `until`.
    """
    statement = select(Change).order_by(Change.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(Change.id < before)
    if about is not None:
        statement = statement.where(Change.about == about)
    if by is not None:
        statement = statement.where(Change.by == by)
    if change is not None:
        statement = statement.where(Change.change == change)
    if since is not None:
        statement = statement.where(Change.at >= since)
    if until is not None:
        statement = statement.where(Change.at < until)
    return [
        ChangeRecord(row.id, row.at, row.by, row.change, row.about, row.detail)
        for row in session.scalars(statement)
    ]
