"""Describe the audit log of limits: what was changed, from what to what."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.text import Text

from api_stub.cli.formatting import create_table, format_time
from api_stub.cli.quota.gates import format_days, format_gap
from api_stub.cli.screen.tables import Table
from api_stub.responses.quota import format_clock_time
from db.store.quota.limits import LimitChange, days_of_bits

_COUNTS: Final = {
    "per_run": "a run",
    "per_day": "a day",
    "per_week": "in 7 days",
    "reserved_per_day": "reserved each day",
}


def _format_hours(values: Mapping[str, Any]) -> str:
    opens, closes = (timedelta(minutes=values[name]) for name in ("opens_minute", "closes_minute"))
    return f"{format_clock_time(opens)}-{format_clock_time(closes)}"


def _format_gap(values: Mapping[str, Any]) -> str:
    return format_gap(*(timedelta(milliseconds=values[name]) for name in ("gap_min_ms", "gap_max_ms")))


_PAIRS: Final[Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]]] = {
    "gap_min_ms": ("gap", _format_gap),
    "opens_minute": ("hours", _format_hours),
    "days": ("days", lambda row: format_days(days_of_bits(row["days"]))),
}


def describe_differences(change: LimitChange) -> Sequence[str]:
    """Return each difference of a change as `name before → after`."""
    before, after = change.before or {}, change.after or {}
    if change.what == "breaker":
        return [f"breakers closed ({', '.join(after.get('closed', ()))}), counters built anew"]
    if change.what == "warm_up":
        old, new = (row.get("warm_up_on") or "none" for row in (before, after))
        return [f"from {old} → {new}"]
    pairs = [
        *((words, str(before[name]), str(after[name])) for name, words in _COUNTS.items() if name in after),
        *((words, say(before), say(after)) for name, (words, say) in _PAIRS.items() if name in after),
    ]
    return [f"{words} {old} → {new}" for words, old, new in pairs if old != new]


def describe_subject(what: str) -> str:
    """Name what an entry of the audit log is about."""
    return {"total": "all kinds together", "warm_up": "warm-up"}.get(what, what)


def build_log_table(changes: Sequence[LimitChange], zone: ZoneInfo) -> Table:
    """Return the audit log as a table, newest first."""
    table = create_table("when", "who", "what", "change")
    for change in changes:
        table.add_row(
            format_time(change.at, zone, seconds=True),
            Text(change.by, overflow="fold"),
            describe_subject(change.what),
            Text("; ".join(describe_differences(change)) or "as it was"),
        )
    return table
