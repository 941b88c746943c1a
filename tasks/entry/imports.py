"""Subscribed address books and calendars: the task function."""

from tasks.contract import IMPORTS_READ, SubscriptionRef
from tasks.services import get_services
from tasks.subscriptions import read_subscription
from worker import logs
from worker.app import app
from worker.rules.subscriptions.readings import SourceUnreadableError

log = logs.get_logger(__name__)

WITHIN_S = 60.0
"""For all requests. A reading that needs longer goes on minutes later; a worker is not held up for long."""


@app.task(name=IMPORTS_READ, pydantic=True, pydantic_strict=False)
def read_source(ref: SubscriptionRef) -> None:
    """Read a subscription, if it was requested, and import what changed."""
    services = get_services()
    try:
        reading = read_subscription(
            services.database,
            services.vault,
            ref.subscription_id,
            by=f"subscription {ref.subscription_id}",
            within_s=WITHIN_S,
            requested=True,
        )
    except SourceUnreadableError as error:
        log.warning("subscription_failed", subscription=ref.subscription_id, reason=error.failure)
        return
    if reading is not None:
        changed = reading.report is not None
        log.info("subscription_read", subscription=ref.subscription_id, changed=changed)
