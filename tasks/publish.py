"""Publish messages that may be lost: the work is in Postgres, and a later tick finds it there."""

from kombu.exceptions import OperationalError

from worker import logs, metrics
from worker.app import app

log = logs.get_logger(__name__)


def publish_task(name: str, **kwargs: str | int) -> None:
    """Publish the task called `name`. If the broker is unreachable, log and count that; raise nothing."""
    try:
        app.tasks[name].apply_async(kwargs=kwargs)
    except OperationalError as error:
        metrics.ERRORS.labels("broker_unreachable", name).inc()
        log.warning("message_not_published", task=name, text=str(error))
