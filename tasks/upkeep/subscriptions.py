"""Request the reading of the address books and calendars that are due."""

from db.store import kill_switch
from db.store.imports import subscriptions
from tasks.contract import IMPORTS_READ
from tasks.publish import publish_task
from tasks.services import Services


def request_due_subscriptions(services: Services) -> None:
    """Publish a task for each due subscription. While the kill switch is on, they stay due."""
    with services.database.transaction() as session:
        if kill_switch.get_kill_switch(session) is not None:
            return
        due = subscriptions.take_due(session)
    for subscription_id in due:
        publish_task(IMPORTS_READ, subscription_id=subscription_id)
