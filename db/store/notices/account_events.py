"""Events of one account, which name it."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.store.notices.outbox import Value, record_event
from db.tables import Account
from worker.rules.notices.kinds import NoticeKind


def record_account_event(
    session: Session, kind: NoticeKind, account_id: int, *, key: str, payload: Mapping[str, Value]
) -> bool:
    """Write an event about an account as `record_event` does, with the account's name in its payload."""
    name = session.scalars(select(Account.name).where(Account.id == account_id)).one()
    return record_event(session, kind, key=key, account_id=account_id, payload={"account": name, **payload})
