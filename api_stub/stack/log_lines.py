"""Parse the log lines of all processes: our JSON, Postgres, Redis, and plain text."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from worker.rules.texts.characters import sanitise_line, sanitise_text

_LEVELS: Final = ("debug", "info", "warning", "error", "critical")
_ABSENT_LEVEL: Final = "info"
_TRACEBACK: Final = "exception"
_HIDDEN_FIELDS: Final = frozenset({"event", "timestamp", "level", "logger", "correlation_id", "stack"})


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a log. `at` is None for a line without a time: it continues the line before."""

    raw: str
    at: datetime | None = None
    level: str = _ABSENT_LEVEL
    message: str = ""
    correlation_id: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    def describe(self) -> str:
        """Return the line as a person reads it: time in UTC, level, message and fields."""
        if self.at is None:
            return self.message
        return " ".join([f"{self.at:%Y-%m-%d %H:%M:%S}Z", f"{self.level:8}", self.text()])

    def text(self) -> str:
        """Return the message and its fields."""
        named = [f"{name}={value}" for name, value in self.fields.items()]
        about = [f"correlation_id={self.correlation_id}"] if self.correlation_id else []
        return " ".join([self.message, *named, *about])

    def is_at_least(self, level: str) -> bool:
        """Return whether the line's level is `level` or more severe."""
        return _LEVELS.index(self.level) >= _LEVELS.index(level)


@dataclass(frozen=True, slots=True)
class _Form:
    """The log lines of another program, in UTC."""

    pattern: re.Pattern[str]
    time_format: str
    levels: Mapping[str, str]

    def parse(self, raw: str) -> LogLine | None:
        found = self.pattern.fullmatch(raw)
        if found is None:
            return None
        try:
            at = datetime.strptime(found["at"], self.time_format).replace(tzinfo=UTC)
        except ValueError:
            return None
        return LogLine(
            raw, at, self.levels.get(found["level"], _ABSENT_LEVEL), message=sanitise_line(found["message"])
        )


_FORMS: Final = (
    _Form(  # Postgres
        re.compile(r"(?P<at>[\d-]{10} [\d:.]{12}) UTC \[\d+\] (?P<level>\w+): +(?P<message>.*)"),
        "%Y-%m-%d %H:%M:%S.%f",
        {"WARNING": "warning", "ERROR": "error", "FATAL": "error", "PANIC": "critical"},
    ),
    _Form(  # Redis
        re.compile(r"\d+:\w (?P<at>\d\d \w{3} \d{4} [\d:.]{12}) (?P<level>[.*#-]) (?P<message>.*)"),
        "%d %b %Y %H:%M:%S.%f",
        {".": "debug", "-": "debug", "*": "info", "#": "warning"},
    ),
)


def parse_line(raw: str) -> LogLine:
    """Return the parsed line. A form that is not known becomes a plain message without a time."""
    if (found := _parse_json(raw)) is not None:
        return found
    for form in _FORMS:
        if (found := form.parse(raw)) is not None:
            return found
    return LogLine(raw, message=sanitise_text(raw))


def _parse_json(raw: str) -> LogLine | None:
    if not raw.startswith("{"):
        return None
    try:
        values = json.loads(raw)
        at = datetime.fromisoformat(values["timestamp"])
    except (ValueError, KeyError, TypeError):
        return None
    level = str(values.get("level", _ABSENT_LEVEL)).lower()
    return LogLine(
        raw,
        at if at.tzinfo else at.replace(tzinfo=UTC),
        level if level in _LEVELS else _ABSENT_LEVEL,
        sanitise_line(str(values.get("event", ""))),
        sanitise_line(str(values.get("correlation_id", ""))),
        {
            sanitise_line(name): _on_one_line(name, value)
            for name, value in values.items()
            if name not in _HIDDEN_FIELDS
        },
    )


def _on_one_line(name: str, value: object) -> str:
    """Return a field's value on one line; of a traceback, its last line, which names the error."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return sanitise_line(text.strip().rpartition("\n")[2] if name == _TRACEBACK else text)
