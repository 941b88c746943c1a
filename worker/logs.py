"""Logging set-up: structlog for Rapport's lines and, through the same processors, those of libraries.

The output is JSON in production and coloured text on a terminal. Secrets and message texts are hidden by
field name, credentials in addresses and keys of the HTTP API by their form. Control and invisible characters
are escaped in JSON and replaced in coloured text.
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

from worker.rules.api_keys import KEY_MARK, PUBLIC_ID_FORM
from worker.rules.log_levels import OUR_PACKAGES, parse_log_levels
from worker.rules.texts.characters import sanitise_line, sanitise_text
from worker.settings import Settings

HIDDEN = "[hidden]"
_NOISY = ("uvicorn.access", "celery.beat", "celery.worker.strategy", "celery.app.trace", "httpx", "httpcore")
"""Loggers with a line for each tick or request. Rapport logs these itself, so only warnings are kept, unless
RAPPORT_LOG_LEVELS has others."""

_MULTILINE_FIELDS = frozenset({"event", "exception", "stack"})

_SECRET_FIELD = re.compile(
    r"pass(word|wd)|secret|token|cookie|authorization|api[_-]?key|session|storage_state", re.IGNORECASE
)
_TEXT_FIELD = re.compile(r"^(message|message_text|body|draft)$", re.IGNORECASE)
_CREDENTIALS = re.compile(rf"(?<=://)[^/\s]+(?=@)|{KEY_MARK}{PUBLIC_ID_FORM}_[A-Za-z0-9_-]+")


def configure(settings: Settings) -> None:
    """Set up logging. Each process's entry point calls this once."""
    pretty = settings.log_format == "pretty"
    # Plain tracebacks: structlog's own show local variables, which may hold secrets and message texts.
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    # The JSON renderer escapes everything but ASCII by default.
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
    root.setLevel(max(_level(settings.log_level), logging.INFO))  # libraries log data at DEBUG
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    levels: dict[str, str] = dict.fromkeys(_NOISY, max("WARNING", settings.log_level, key=_level))
    levels |= dict.fromkeys(OUR_PACKAGES, settings.log_level)
    levels |= parse_log_levels(settings.log_levels or "")
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _level(name: str) -> int:
    return logging.getLevelNamesMapping()[name]


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide secrets and message texts, by field name or by the form of the value, at any depth."""
    event.pop("color_message", None)  # uvicorn's second copy of the text
    _hide_in(event)
    return event


def make_visible(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Sanitise values for a terminal. Most are put on one line, so that no value can imitate an event."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = sanitise_text(value) if name in _MULTILINE_FIELDS else sanitise_line(value)
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
    """Return a module's logger. Event names are constant; values go into fields."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


def new_correlation_id() -> str:
    """Return a new id, which connects a request with the log lines, tasks and rows that it causes."""
    return secrets.token_hex(8)


def current_correlation_id() -> str:
    """Return the id bound to this task or request, or a new one if there is none."""
    bound = structlog.contextvars.get_contextvars().get("correlation_id")
    return str(bound) if bound else new_correlation_id()


@contextmanager
def bound(**fields: str | int) -> Iterator[None]:
    """Add `fields` to every log line inside the block."""
    with structlog.contextvars.bound_contextvars(**fields):
        yield
