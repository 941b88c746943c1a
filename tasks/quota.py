"""Whose quota an action takes from, under which id, and how a unit goes back."""

from uuid import UUID
from zoneinfo import ZoneInfo

from db.store import accounts
from tasks.services import Services
from worker import logs
from worker.errors import TryAgainError
from worker.quota.guard import Purse
from worker.rules.model import Kind

log = logs.logger(__name__)


def purse(services: Services, *, account_id: int, zone: ZoneInfo, kind: Kind, campaign_id: UUID) -> Purse:
    """Return the purse with the limits that hold now."""
    with services.database.transaction() as session:
        limits = accounts.limits(session, account_id, kind)
    return Purse(account_id, zone, kind, str(campaign_id), limits)


def reservation_id(action_id: UUID, attempt: int) -> str:
    """Return the id of one attempt's reservation: asked twice it counts once, and a lost one stays lost."""
    return f"{action_id}:{attempt}"


def give_back(services: Services, purse: Purse, action_id: UUID, attempt: int) -> None:
    """Give an attempt's unit back, if it took one. Only where the attempt surely had no effect.

    While Redis can't be asked the unit stays charged until it ages out: stricter, never looser.
    """
    try:
        services.guard.release(purse, reservation_id(action_id, attempt))
    except TryAgainError as error:
        log.warning("unit_not_given_back", action=str(action_id), text=str(error))
