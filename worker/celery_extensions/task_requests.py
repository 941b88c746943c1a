"""Celery's requests in a worker's main process, whose log lines have the correlation id of their task."""

from typing import Any

from celery.worker.request import Request

from worker import logs
from worker.rules.wire.correlation import CORRELATION_HEADER, valid_correlation_id


class CorrelatedRequest(Request):  # type: ignore[misc]  # Celery ships no types
    """A request that logs with the ids of its task what the child can't: that it was killed or has died."""

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """Report a child that is killed because of its time limit."""
        with self._bound():
            super().on_timeout(soft, timeout)

    def on_failure(self, exc_info: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401 -- Celery's signature
        """Report a task that failed, or whose child died."""
        with self._bound():
            return super().on_failure(exc_info, *args, **options)

    def _bound(self) -> Any:  # noqa: ANN401 -- a context manager
        given = self.request_dict.get(CORRELATION_HEADER)
        fields = {"task": str(self.name), "task_id": str(self.id)}
        if (correlation_id := valid_correlation_id(given)) is not None:
            fields["correlation_id"] = correlation_id
        return logs.bound(**fields)
