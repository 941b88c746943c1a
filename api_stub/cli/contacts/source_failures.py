"""Say which address books and calendars are not read any more, and what to do about it."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from api_stub.checks.words import describe_failure
from db.store.imports import subscriptions


def list_failure_lines(session: Session, account: str | None = None) -> Iterator[str]:
    """Yield a line for each subscription, of one account or of all, whose last reading failed."""
    for each in subscriptions.list_failing(session, account=account):
        yield f"subscription {each.id} of account {each.account}, {each.name}: {describe_failure(each)}"
