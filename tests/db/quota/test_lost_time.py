"""The ledger after a restoration: what may have been used since the backup counts."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.quota import ledger, limits
from tests.builders import an_account
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits

HOUR = timedelta(hours=1)
BOUNDS = Limits(per_run=50, per_day=50, per_week=300, gap_min=timedelta(minutes=20), gap_max=HOUR)


def left_in_week(session: Session, account_id: int) -> int:
    context = limits.load_context(session, account_id, Kind.GREET, "").context
    left = ledger.remaining_by_ledger(session, context).remaining
    assert left is not None
    return left.week


@pytest.mark.parametrize(("ago", "left"), [("1 day", 296), ("5 days", 296), ("8 days", 300)])
def test_what_may_have_been_used_since_the_backup_counts(database: Database, ago: str, left: int) -> None:
    """Four fit into an hour with 20 minutes between two of them."""
    with database.transaction() as session:
        account = an_account(session, limits=BOUNDS)
        assert left_in_week(session, account.id) == 300
        session.execute(
            text(
                "insert into restores (backup_at, restored_at, restored_by) "
                "select date_trunc('day', now()) + interval '3 hours' - cast(:ago as interval), "
                "date_trunc('day', now()) + interval '4 hours' - cast(:ago as interval), 'ops'"
            ),
            {"ago": ago},
        )
        assert left_in_week(session, account.id) == left
