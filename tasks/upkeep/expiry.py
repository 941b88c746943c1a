"""Skip the actions that are too late."""

from db.store.actions import endings
from tasks.services import Services
from worker import logs

log = logs.get_logger(__name__)


def expire_late_actions(services: Services) -> None:
    """Skip planned and proposed actions whose last day has passed."""
    with services.database.transaction() as session:
        expired = endings.expire_actions(session)
    if expired:
        log.info("actions_expired", actions=expired)
