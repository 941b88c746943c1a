"""Say which sign-ins have expired or soon will."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from api_stub.checks.words import describe_expiry
from db.engine import get_database_time
from db.store.people import accounts
from worker.rules.model import AccountStatus
from worker.rules.sites.sign_ins import Expiry, judge_expiry


def list_expiry_lines(session: Session, account: str | None = None) -> Iterator[str]:
    """Yield a line for each sign-in that has expired or will within a week, with what to do about it.

    A stopped account has a line of its own already.
    """
    now = get_database_time(session)
    for each in accounts.list_accounts(session):
        if account not in {None, each.name} or each.session is None or each.status is AccountStatus.STOPPED:
            continue
        if judge_expiry(each.session_expires_at, now) in {Expiry.SOON, Expiry.OVER}:
            yield (
                f"the sign-in of account {each.name}{describe_expiry(each, now).removeprefix(',')}; sign in "
                f"again: `rapport account sign-in {each.name}`"
            )
