"""Publish messages that may be lost: the work is in Postgres, and a later tick finds it there."""

from kombu.exceptions import OperationalError

from worker import logs, metrics
from worker.app import app
from worker.errors import Reason
from worker.tracing import spans
from worker.tracing.spans import SpanRole

log = logs.get_logger(__name__)


def publish_task(name: str, **kwargs: str | int) -> None:
    """Publish the task called `name`. If the broker is unreachable, log and count that; raise nothing."""
    try:
        with spans.span(f"publish {name}", role=SpanRole.PRODUCER):
            app.tasks[name].apply_async(kwargs=kwargs)
    except OperationalError as error:
        metrics.ERRORS.labels(Reason.BROKER_UNREACHABLE, "publish").inc()
        log.warning("message_not_published", task=name, text=str(error))
