"""Say since when accounts are signed in, and until when at the latest."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from api_stub.cli.explain.halts import advise_sign_in
from api_stub.cli.formatting import format_time
from db.engine import get_database_time
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from worker.rules.model import AccountStatus
from worker.rules.sign_ins import Expiry, judge_expiry

_TEXTS: Final = {
    Expiry.LATER: "expires",
    Expiry.SOON: "expires soon:",
    Expiry.OVER: "expired",
}


def describe_sign_in(account: AccountRecord, now: datetime) -> str:
    """Return since when the account is signed in, and when that expires."""
    if account.session is None:
        return "not yet"
    since = f"since {format_time(account.signed_in_since, account.zone)}" if account.signed_in_since else "yes"
    return f"{since}{describe_expiry(account, now)}"


def describe_expiry(account: AccountRecord, now: datetime) -> str:
    """Return when the stored session expires, to be appended to a sentence; empty if that isn't known."""
    if account.session is None or account.session_expires_at is None:
        return ""
    text = _TEXTS[judge_expiry(account.session_expires_at, now)]
    return f", {text} {format_time(account.session_expires_at, account.zone)}"


def list_expiry_lines(session: Session, account: str | None = None) -> Iterator[str]:
    """Yield a line for each sign-in that has expired or will within a week, with what to do about it.

    A stopped account has a line of its own already.
    """
    now = get_database_time(session)
    for each in accounts.list_accounts(session):
        expiry = judge_expiry(each.session_expires_at, now)
        if account not in {None, each.name} or each.session is None or each.status is AccountStatus.STOPPED:
            continue
        if expiry in {Expiry.SOON, Expiry.OVER}:
            yield (
                f"the sign-in of account {each.name}{describe_expiry(each, now).removeprefix(',')}; "
                f"{advise_sign_in(each.name, each.site)}"
            )
