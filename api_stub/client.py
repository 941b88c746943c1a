"""Publish tasks by name with JSON arguments, as any other service would."""

from celery import Celery
from kombu.exceptions import OperationalError

from tasks.contract import Payload
from worker.celery_extensions import broker
from worker.errors import Reason, TryAgainError
from worker.rules.wire.contract_version import VERSION_ARGUMENT
from worker.rules.wire.correlation import CORRELATION_HEADER
from worker.rules.wire.trace_ids import TRACEPARENT
from worker.servers.redis_address import RedisAddress
from worker.tracing import spans
from worker.tracing.spans import SpanRole


class TaskClient:
    """Publishes tasks to Rapport's broker. Thread-safe; every call has a timeout."""

    def __init__(self, address: RedisAddress) -> None:
        broker.install()
        self._celery = Celery("rapport-client")
        self._celery.conf.update(
            **address.broker_settings(),
            task_ignore_result=True,
            task_serializer="json",
            task_default_queue="celery",
            broker_connection_retry=False,
            # One connection for each call: in a full pool, kombu's producers can wait for each other for
            # ever (celery#10174).
            broker_pool_limit=None,
            broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 5},
            task_publish_retry_policy={"max_retries": 1},
        )

    def send(self, name: str, payload: Payload, *, correlation_id: str) -> str:
        """Publish one task and return its id. Raises TryAgainError when the broker can't be reached."""
        try:
            with spans.span(f"publish {name}", role=SpanRole.PRODUCER):
                traceparent = spans.current_traceparent()
                result = self._celery.send_task(
                    name,
                    # Without the version, which a worker of an earlier release would refuse as unknown.
                    kwargs=payload.model_dump(mode="json", exclude_none=True, exclude={VERSION_ARGUMENT}),
                    headers={CORRELATION_HEADER: correlation_id}
                    | ({TRACEPARENT: traceparent} if traceparent else {}),
                )
        except OperationalError as error:
            raise TryAgainError(Reason.BROKER_UNREACHABLE, f"the broker can't be reached: {error}") from error
        return str(result.id)

    def close(self) -> None:
        """Close the connections."""
        self._celery.close()
