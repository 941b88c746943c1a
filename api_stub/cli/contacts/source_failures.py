"""Say which address books and calendars are not read any more, and what to do about it."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from api_stub.cli.formatting import format_time
from db.store.imports import subscriptions
from db.store.imports.subscriptions import SubscriptionRecord
from worker.rules.subscriptions.readings import WHAT_HAPPENED, WHAT_TO_DO


def list_failure_lines(session: Session, account: str | None = None) -> Iterator[str]:
    """Yield a line for each subscription, of one account or of all, whose last reading failed."""
    for each in subscriptions.list_failing(session, account=account):
        yield f"subscription {each.id} of account {each.account}, {each.name}: {describe_failure(each)}"


def describe_failure(record: SubscriptionRecord) -> str:
    """Return why the last reading failed, since when, and what to do. Empty if it did not fail."""
    if record.failure is None or record.failed_at is None:
        return ""
    last = f"last read {format_time(record.read_at, record.zone)}" if record.read_at else "never read"
    return f"{WHAT_HAPPENED[record.failure]}, {last}; {WHAT_TO_DO[record.failure].format(id=record.id)}"
