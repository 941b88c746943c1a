"""Stop an account when its site shows a page that asks for a person."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.engine import get_database_time
from db.store.notices.account_events import record_account_event
from db.store.people import accounts, site_checks
from db.store.quota import limits
from worker.errors import Reason, StopAccountError
from worker.rules.model import Kind
from worker.rules.notices.kinds import NoticeKind
from worker.rules.sites.capabilities import NEEDED_BY_KIND, Capability

_LONGEST_TEXT: Final = 200


def stop_account(
    session: Session,
    account_id: int,
    kind: Kind,
    error: StopAccountError,
    *,
    used: Collection[Capability] | None = None,
    action_id: UUID | None = None,
) -> None:
    """Stop the account until a person has looked, and let that be told, once.

    `kind` is the kind of action that met the page, or that the list was read for. After a limit page the
    account's actions of this kind also pause, and their limits are cut for a while. After a page that has
    changed, the verdicts on the capabilities that were `used` (by default those that the kind needs) fall.
    `action_id` is the action that met the page, of which there may be a picture.
    """
    if accounts.stop_account(session, account_id, error.reason):
        _tell(session, account_id, kind, error, action_id)
    if error.reason is Reason.LIMIT_PAGE:
        limits.cut_limits(session, account_id, kind)
    if error.reason is Reason.SITE_CHANGED:
        fallen = NEEDED_BY_KIND[kind] if used is None else used
        mark, now = str(error)[:_LONGEST_TEXT], get_database_time(session)
        site_checks.mark_drift(session, account_id, fallen, mark=mark, at=now)


def _tell(
    session: Session, account_id: int, kind: Kind, error: StopAccountError, action_id: UUID | None
) -> None:
    refused = error.reason is Reason.NOT_SIGNED_IN
    record_account_event(
        session,
        NoticeKind.SESSION_REFUSED if refused else NoticeKind.ACCOUNT_STOPPED,
        account_id,
        key=f"{account_id}:{get_database_time(session).isoformat()}",
        payload={
            "reason": error.reason,
            "detail": str(error)[:_LONGEST_TEXT],
            "kind": kind,
            "action": str(action_id) if action_id else None,
        },
    )
