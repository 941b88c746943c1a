"""Whose quota an action takes from, and under which id."""

from uuid import UUID
from zoneinfo import ZoneInfo

from db.store import accounts
from tasks.services import Services
from worker.quota.guard import Purse
from worker.rules.model import Kind


def purse(services: Services, *, account_id: int, zone: ZoneInfo, kind: Kind, campaign_id: UUID) -> Purse:
    """Return the purse with the limits that hold now."""
    with services.database.transaction() as session:
        limits = accounts.limits(session, account_id, kind)
    return Purse(account_id, zone, kind, str(campaign_id), limits)


def reservation_id(action_id: UUID, attempt: int) -> str:
    """Return the id of one attempt's reservation: asked twice it counts once, and a lost one stays lost."""
    return f"{action_id}:{attempt}"
