"""Celery's signals: logging, correlation ids, metrics, refused messages, and the end of a child."""

from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from billiard.exceptions import SoftTimeLimitExceeded, TimeLimitExceeded, WorkerLostError
from celery import Celery, Task, signals
from kombu.exceptions import OperationalError
from pydantic import ValidationError
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bind_contextvars, clear_contextvars

from db.engine import RowRefusedError
from tasks import sessions
from tasks.contract import TASK_NAMES
from tasks.refused_messages import RefusedMessageWriter
from tasks.services import Services, close_services, close_worn_browser, save_mark_looks
from tasks.task_schemas import ARGUMENT_NAMES
from worker import clock, logs, metrics
from worker.app import app
from worker.browser.adapters import load_adapter
from worker.celery_extensions import broker
from worker.collector import importing
from worker.errors import ConfigurationError, RapportError, RequestRefusedError
from worker.queues import BROWSER_QUEUES
from worker.rules.sites.registry import SITES
from worker.rules.wire.correlation import CORRELATION_HEADER, valid_correlation_id
from worker.rules.wire.trace_ids import TRACEPARENT
from worker.secrets import SESSION_UNREADABLE
from worker.settings import get_settings
from worker.tracing import spans

log = logs.get_logger(__name__)

_TASK_ERRORS: Final[Mapping[str, type[Exception] | tuple[type[Exception], ...]]] = {
    "arguments": ValidationError,
    "request_refused": RequestRefusedError,
    "configuration": ConfigurationError,
    "time_limit": (TimeLimitExceeded, SoftTimeLimitExceeded),
    "worker_lost": WorkerLostError,
    "postgres": (SQLAlchemyError, RowRefusedError),
    "redis": (RedisError, OperationalError),
}
"""As TASK_ERRORS in worker/metrics/error_types.py."""
_LATE_IMPORTS: Final = ("cffi.cparser",)
"""What billiard imports in each child, to have it end with its parent."""
_LATE_IMPORTS_OF_PLAYWRIGHT: Final = tuple(
    f"playwright._impl.{module}" for module in ("json_pipe", "local_utils", "protocol_channels")
)
"""What Playwright imports when its driver starts. The bench `worker_start` counts what else comes late."""


@signals.setup_logging.connect(weak=False)
def set_up_logging(**_: Any) -> None:  # noqa: ANN401 -- Celery's signature
    """Set up Rapport's logging. A receiver of this signal keeps Celery from setting up its own."""
    logs.configure(get_settings())


def _is_browser_worker(app: Celery) -> bool:
    return bool(set(app.amqp.queues.consume_from) & set(BROWSER_QUEUES))


@signals.worker_ready.connect(weak=False)
def log_unopened_sessions(sender: Any, **_: Any) -> None:  # noqa: ANN401 -- Celery's signature
    """Log, when a browser worker starts, the accounts that must wait: its keys don't decrypt their sessions.

    Runs in the parent process, which forks children later, so the connection is closed again.
    """
    if not _is_browser_worker(sender.app):
        return
    opened = Services(get_settings())
    try:
        names = sessions.list_unopened_accounts(opened.database, opened.vault)
    except SQLAlchemyError as error:
        log.warning("sessions_not_checked", error=type(error).__name__)
        return
    finally:
        opened.close()
    if names:
        log.error("sessions_not_opened", accounts=names, text=SESSION_UNREADABLE)


@signals.worker_init.connect(weak=False)
def import_for_children(sender: Any, **_: Any) -> None:  # noqa: ANN401 -- Celery's signature
    """Import what a child would import itself, before it is forked."""
    late = list(_LATE_IMPORTS)
    with importing():
        if _is_browser_worker(sender.app):
            import_module("worker.browser.pool")
            import_module("tasks.mark_counts")
            for site in SITES:
                load_adapter(site)
            late += _LATE_IMPORTS_OF_PLAYWRIGHT
        for module in late:
            with suppress(ModuleNotFoundError):  # another version may have none: it only saves time
                import_module(module)


@signals.worker_init.connect(weak=False)
def store_refused_messages(**_: Any) -> None:  # noqa: ANN401 -- Celery's signature
    """Store refused messages in Postgres, from the worker's main process, until it ends."""
    writer = RefusedMessageWriter(get_settings().required("database_url").get_secret_value())
    broker.set_refusal_handler(writer.put, argument_names=ARGUMENT_NAMES)
    signals.worker_shutdown.connect(lambda **_: writer.close(), weak=False)


@signals.before_task_publish.connect(weak=False)
def add_correlation_header(headers: dict[str, Any], **_: Any) -> None:  # noqa: ANN401 -- Celery's signature
    """Send the correlation id and the span, if there is one, in headers. A repeated publish keeps them."""
    headers.setdefault(CORRELATION_HEADER, logs.current_correlation_id())
    if (traceparent := spans.current_traceparent()) is not None:
        headers.setdefault(TRACEPARENT, traceparent)


@signals.worker_process_init.connect(weak=False)
def start_traces(**_: Any) -> None:  # noqa: ANN401 -- Celery's signature
    """Trace a worker's child, if the settings say so. Its parent forks, so it sends none."""
    spans.start(get_settings(), "browser" if _is_browser_worker(app) else "control")


@signals.task_prerun.connect(weak=False)
def bind_task_context(task_id: str, task: Task, **_: Any) -> None:  # noqa: ANN401 -- Celery's signature
    """Bind the ids to every log line of this task. Clears the context first: a killed task didn't."""
    clear_contextvars()
    task.request.began_s = clock.monotonic_seconds()
    bind_contextvars(
        task=task.name,
        task_id=task_id,
        correlation_id=valid_correlation_id(getattr(task.request, CORRELATION_HEADER, None))
        or logs.new_correlation_id(),
    )


@signals.task_postrun.connect(weak=False)
def count_task(task: Task, state: str, **_: Any) -> None:  # noqa: ANN401 -- Celery's signature
    """Count the task by its final state."""
    name = task.name if task.name in TASK_NAMES else "other"
    metrics.TASKS.labels(name, str(state).lower()).inc()
    began_s = getattr(task.request, "began_s", None)
    if began_s is not None:
        metrics.TASK_SECONDS.labels(name).observe(clock.monotonic_seconds() - began_s)


@signals.task_postrun.connect(weak=False)
def count_marks(**_: Any) -> None:  # noqa: ANN401 -- Celery's signature
    """Save which marks of pages matched, now that the task has recorded what it did."""
    save_mark_looks()


@signals.task_postrun.connect(weak=False)
def recycle_browser(**_: Any) -> None:  # noqa: ANN401 -- Celery's signature
    """Close the child's browser when it is worn. The child stays, because starting one takes longer."""
    close_worn_browser()


@signals.task_postrun.connect(weak=False)
def unbind_task_context(**_: Any) -> None:  # noqa: ANN401 -- Celery's signature
    """Clear the context of the task's log lines. The last receiver: the others' lines are the task's too."""
    clear_contextvars()


@signals.task_failure.connect(weak=False)
def log_failure(sender: Task, exception: BaseException, **_: Any) -> None:  # noqa: ANN401 -- Celery's signature
    """Log in one line why a task failed; wrong arguments are named by field, without their values."""
    kind = type(exception).__name__
    metrics.ERRORS.labels(_error_type(exception), "task").inc()
    if isinstance(exception, ValidationError):
        fields = {".".join(map(str, e["loc"])) or "arguments": e["msg"] for e in exception.errors()}
        log.error("task_arguments_refused", fields=fields)
    else:
        log.error("task_failed", error=kind, text=str(exception))


def _error_type(exception: BaseException) -> str:
    """Return the type that linkedin_errors_total has for what ended a task."""
    if isinstance(exception, RapportError):
        return exception.reason
    return next((name for name, kinds in _TASK_ERRORS.items() if isinstance(exception, kinds)), "unexpected")


@signals.worker_process_shutdown.connect(weak=False)
def close_child_services(**_: Any) -> None:  # noqa: ANN401 -- Celery's signature
    """Close the child's browser and connections: no Chromium outlives its worker."""
    close_services()
    spans.stop()
