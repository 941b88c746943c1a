"""The sole logging set-up: structlog for our lines and, through the same processors, for everyone else's.

JSON in production, coloured lines on a terminal. Secrets and message texts are hidden by field name, and
credentials in addresses by their form, whoever wrote the line. What would act on a terminal is escaped in
JSON and replaced in coloured lines.
"""

import logging
import re
import secrets
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from worker.rules.characters import sanitise_line, sanitise_text
from worker.settings import Settings

HIDDEN = "[hidden]"
_NOISY = ("uvicorn.access", "celery.beat", "celery.worker.strategy", "celery.app.trace", "httpx")
"""Lines for each tick or request; our own say the same with ids, so only these loggers' warnings are kept."""

_OF_SEVERAL_LINES = frozenset({"event", "exception", "stack"})

_SECRET_FIELD = re.compile(
    r"pass(word|wd)|secret|token|cookie|authorization|api[_-]?key|session|storage_state", re.IGNORECASE
)
_TEXT_FIELD = re.compile(r"^(message|message_text|body|draft)$", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^/\s]+(?=@)")


def configure(settings: Settings) -> None:
    """Set up this process's logging. Called once, by each process's entry point."""
    pretty = settings.log_format == "pretty"
    # Not its own tracebacks: they show local variables, and secrets and message texts with them.
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    # JSON's own default is to escape all that is not ASCII.
    renderers: list[Processor] = [make_visible, console] if pretty else [structlog.processors.JSONRenderer()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    last: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[*last, hide_secrets, *renderers],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace secrets and message texts, by the field's name or the value's form, at any depth."""
    event.pop("color_message", None)  # uvicorn's second copy of its text
    _hide_in(event)
    return event


def make_visible(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace what would act on a terminal. A value can't begin a line that looks like another event."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = sanitise_text(value) if name in _OF_SEVERAL_LINES else sanitise_line(value)
    return event


def _hide_in(fields: MutableMapping[str, Any]) -> None:
    for name, value in fields.items():
        if name != "event" and (_SECRET_FIELD.search(name) or _TEXT_FIELD.match(name)):
            fields[name] = HIDDEN
        else:
            fields[name] = _hidden(value)


def _hidden(value: object) -> object:
    if isinstance(value, dict):
        copy = {str(name): inner for name, inner in value.items()}
        _hide_in(copy)
        return copy
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _CREDENTIALS.sub(HIDDEN, str(value))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of one module. Event names are constant; what varies goes into fields."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


def new_correlation_id() -> str:
    """Return an id that ties a request to the log lines, tasks and rows it causes."""
    return secrets.token_hex(8)


def current_correlation_id() -> str:
    """Return the id bound to this task or request, or a new one where nobody bound any."""
    bound = structlog.contextvars.get_contextvars().get("correlation_id")
    return str(bound) if bound else new_correlation_id()


@contextmanager
def bound(**fields: str | int) -> Iterator[None]:
    """Add `fields` to every log line of the block."""
    with structlog.contextvars.bound_contextvars(**fields):
        yield
