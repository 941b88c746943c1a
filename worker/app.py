"""The Celery app. It imports no tasks: celeryconfig.py names their modules."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from celery import Celery, Task, current_task
from celery.utils.nodenames import gethostname, nodename

from worker import logs
from worker.celery_extensions import broker
from worker.collector import importing
from worker.queues import BROWSER_QUEUES, DEFAULT_QUEUE
from worker.rules.wire.trace_ids import TRACEPARENT, parse_traceparent
from worker.tracing import spans
from worker.tracing.spans import SpanRole

_TICKS: Final = ("tasks.upkeep.", "tasks.dispatch", "tasks.recover")
"""The tasks that beat sends all the time, by the beginnings of their names."""


class RapportTask(Task):  # type: ignore[misc]  # Celery ships no types
    """A task whose keyword arguments are the fields of one Pydantic model.

    Celery's `pydantic=True` validates one parameter as a whole. Callers, such as users of Flower, should
    still type `{"account": "demo"}` without a wrapper, so all keywords become that one parameter. `typing` is
    off, because it makes clients check argument names against that parameter only.
    """

    typing = False
    Request = "worker.celery_extensions.task_requests:CorrelatedRequest"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- Celery's own signature
        """Validate the arguments and run. Raises pydantic.ValidationError that names each invalid argument.

        A browser task from the default queue is published again to its own queue instead.
        """
        if args:
            raise TypeError(f"{self.name} takes keyword arguments only")
        with self._span():
            if self._is_for_a_browser_worker():
                return self.apply_async(kwargs=kwargs)
            return self.run(kwargs)

    def _span(self) -> AbstractContextManager[object]:
        """Return the span of a run. Ticks have none: what they find to do has, in its own trace."""
        if not spans.is_on() or self.name.startswith(_TICKS):
            return nullcontext()
        return spans.story(
            self.name,
            logs.current_correlation_id(),
            role=SpanRole.CONSUMER,
            parent=parse_traceparent(getattr(self.request, TRACEPARENT, None)),
        )

    def _is_for_a_browser_worker(self) -> bool:
        """Return whether a browser task came in on the default queue, as from a client that sets no queue."""
        # There is no current task if this one is called as a function.
        delivery = current_task.request.delivery_info if current_task else None
        if not delivery or delivery.get("routing_key") != DEFAULT_QUEUE:
            return False
        return app.amqp.router.route({}, self.name)["queue"].name in BROWSER_QUEUES


app = Celery("rapport", task_cls=RapportTask)
app.config_from_object("celeryconfig")
# As names, so that only workers import them.
app.steps["worker"].update(
    ("worker.celery_extensions.fixed_setup:FixedSetup", "worker.celery_extensions.watchdog:Watchdog")
)
broker.install(is_task=lambda name: name in app.tasks)


def run_worker(name: str, queues: Sequence[str]) -> int:
    """Run a worker of these queues until it is stopped; return its exit code.

    It doesn't wait a second for the greetings of other workers, nor follow their events: that serves revoked
    tasks and elections, and Rapport uses neither.
    """
    with importing():
        worker = app.Worker(
            hostname=nodename(name, gethostname()),
            queues=queues,
            quiet=True,
            without_mingle=True,
            without_gossip=True,
        )
    worker.start()
    return int(worker.exitcode or 0)


def run_beat() -> None:
    """Run beat until it is stopped. Its schedule is in memory, since a lost tick does no harm."""
    app.Beat(quiet=True, scheduler="celery.beat:Scheduler").run()
