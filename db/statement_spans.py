"""A span for each statement, with its operation and table: never its text, and never its parameters."""

import re
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from worker.tracing import spans

_COMMENT: Final = re.compile(r"\A(?:\s*--[^\n]*\n)*\s*")
_OPERATION: Final = re.compile(r"[a-z]{1,20}", re.IGNORECASE)
_TABLE: Final = re.compile(r"\b(?:from|into|update)\s+([a-z_]{1,63})\b", re.IGNORECASE)
_SPAN: Final = "rapport_span"
"""The attribute of a statement's execution context that holds its span."""


def describe_statement(statement: str) -> str:
    """Return the operation and, where the form is usual, its table: `SELECT actions`."""
    begins_at = _COMMENT.match(statement)
    operation = _OPERATION.match(statement, begins_at.end() if begins_at else 0)
    table = _TABLE.search(statement)
    return " ".join([operation[0].upper() if operation else "SQL", *([table[1].lower()] if table else [])])


def trace_statements(engine: Engine) -> None:
    """Trace the engine's statements, each below the span that is open where it is executed."""

    @event.listens_for(engine, "before_cursor_execute")
    def begin(_connection: object, _cursor: object, statement: str, *more: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's
        name = describe_statement(statement)
        opened = spans.begin_client_span(name, {"db.system.name": "postgresql", "db.query.summary": name})
        vars(more[1])[_SPAN] = opened  # parameters, context, executemany

    @event.listens_for(engine, "after_cursor_execute")
    def end(_connection: object, _cursor: object, _statement: str, *more: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's
        vars(more[1]).pop(_SPAN).end()

    @event.listens_for(engine, "handle_error")
    def fail(failed: ExceptionContext) -> None:
        opened = vars(failed.execution_context).pop(_SPAN, None) if failed.execution_context else None
        if opened is not None:
            opened.end(failed.original_exception)
