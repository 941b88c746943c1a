"""What the tests of `rapport quota` share."""

from datetime import timedelta
from uuid import UUID

from db.engine import Database
from db.store.people import accounts
from db.store.quota import limits
from tests.builders import a_campaign, a_contact, action, add_planned
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
TEN = Limits(15, 10, 50, 90 * SECOND, 180 * SECOND, reserved_per_day=4)


def configured_limits(database: Database, account_id: int, kind: Kind = Kind.GREET) -> Limits:
    with database.transaction() as session:
        return limits.get_configured_limits(session, account_id, kind)


def add_denied(database: Database, account_id: int, reason: Reason = Reason.DAY_LIMIT) -> UUID:
    with database.transaction() as session:
        account = accounts.get_account(session, account_id)
        campaign_id = a_campaign(session, account)
        ann = a_contact(session, account, "ann", name="Ann [x]")
        action_id = add_planned(session, account, ann, campaign_id=campaign_id)
        row = action(session, action_id)
        row.reason, row.not_before = reason, row.not_before + 5 * HOUR
    return action_id
