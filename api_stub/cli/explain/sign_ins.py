"""Say since when accounts are signed in, and until when at the latest."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api_stub.cli.formatting import format_time
from db.engine import get_database_time
from db.store.people import accounts
from worker.rules.model import AccountStatus
from worker.rules.sign_ins import Expiry, judge_expiry

_TEXTS: Final = {
    Expiry.LATER: "expires",
    Expiry.SOON: "expires soon:",
    Expiry.OVER: "expired",
}


class SignedIn(Protocol):
    """What is known of the age of an account's session."""

    @property
    def zone(self) -> ZoneInfo:
        """The account's zone."""

    @property
    def signed_in_since(self) -> datetime | None:
        """When the session was proven; None if that isn't known."""

    @property
    def session_expires_at(self) -> datetime | None:
        """When its key cookie expires; None if that isn't known."""


def describe_age(account: SignedIn, now: datetime, *, otherwise: str) -> str:
    """Return since when the account is signed in, or `otherwise` if that isn't known, and until when."""
    since = account.signed_in_since
    begun = otherwise if since is None else f"since {format_time(since, account.zone)}"
    return begun + describe_expiry(account, now)


def describe_expiry(account: SignedIn, now: datetime) -> str:
    """Return when the stored session expires, to be appended to a sentence; empty if that isn't known."""
    if account.session_expires_at is None:
        return ""
    text = _TEXTS[judge_expiry(account.session_expires_at, now)]
    return f", {text} {format_time(account.session_expires_at, account.zone)}"


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
