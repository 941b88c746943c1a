"""The Celery object. Tasks are found by the module names in celeryconfig.py, so nothing is imported here."""

from typing import Any

from celery import Celery, Task, current_task

from worker import broker
from worker.queues import BROWSER_QUEUES, DEFAULT_QUEUE


class RapportTask(Task):  # type: ignore[misc]  # Celery ships no types
    """A task whose JSON keyword arguments are the fields of one Pydantic model.

    Celery's `pydantic=True` validates whole parameters; callers by name, Flower users among them, should
    type `{"account": "demo"}` and not wrap it. So the keywords are folded into the one parameter here, and
    a client's own check of argument names, which would see that parameter only, is off.
    """

    typing = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- Celery's own signature
        """Validate and run. Raises pydantic.ValidationError that names each wrong argument."""
        if args:
            raise TypeError(f"{self.name} takes keyword arguments only")
        if self._is_for_a_browser_worker():
            return self.apply_async(kwargs=kwargs)
        return self.run(kwargs)

    def _is_for_a_browser_worker(self) -> bool:
        """Return whether a client that knows no queues has sent this to the default one, and so to us."""
        came_by = current_task.request.delivery_info if current_task else None  # None: called as a function
        if not came_by or came_by.get("routing_key") != DEFAULT_QUEUE:
            return False
        return app.amqp.router.route({}, self.name)["queue"].name in BROWSER_QUEUES


app = Celery("rapport", task_cls=RapportTask)
app.config_from_object("celeryconfig")
app.steps["worker"].add("worker.watchdog:Watchdog")  # by its name: only workers import it
broker.install(is_task=lambda name: name in app.tasks)
