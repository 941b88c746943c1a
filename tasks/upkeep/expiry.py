"""Skip the actions that are too late, and delete what ended long ago."""

from db.store import idempotency
from db.store.actions import endings
from db.store.actions.review import approval_links, undo
from db.store.console import attempts, links, sessions
from tasks.services import Services
from worker import logs

log = logs.get_logger(__name__)


def expire_late_actions(services: Services) -> None:
    """Skip planned and proposed actions whose last day has passed; delete what is old."""
    with services.database.transaction() as session:
        expired = endings.expire_actions(session)
        approval_links.delete_old_links(session)
        idempotency.delete_old_answers(session)
        undo.delete_old_decisions(session)
        links.delete_old_links(session)
        attempts.delete_old_attempts(session)
        sessions.delete_ended_sessions(session)
    if expired:
        log.info("actions_expired", actions=expired)
