"""Stop an account when its site shows a page that asks for a person."""

from sqlalchemy.orm import Session

from db.store.people import accounts
from db.store.quota import limits
from worker.errors import Reason, StopAccountError
from worker.rules.model import Kind


def stop_account(session: Session, account_id: int, kind: Kind, error: StopAccountError) -> None:
    """Stop the account until a person has looked.

    After a limit page the account's actions of `kind` also pause, and their limits are cut for a while.
    `kind` is the kind of action that met the page, or that the list was read for.
    """
    accounts.stop_account(session, account_id, error.reason)
    if error.reason is Reason.LIMIT_PAGE:
        limits.cut_limits(session, account_id, kind)
