"""Describe the audit log of limits: what was changed, from what to what."""

from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from rich.text import Text

from api_stub.cli.formatting import create_table, format_time
from api_stub.cli.screen.tables import Table
from api_stub.responses.quota_changes import Value, list_differences
from db.store.quota.limits import LimitChange
from worker.rules.quota.notation import format_days

_NAMES: Final[Mapping[str, str]] = {
    "per_run": "a run",
    "per_day": "a day",
    "per_week": "in 7 days",
    "reserved_per_day": "reserved each day",
    "warm_up": "from",
}


def describe_differences(change: LimitChange) -> Sequence[str]:
    """Return each difference of a change as `name before → after`."""
    if change.what == "breaker":
        closed = ", ".join((change.after or {}).get("closed", ()))
        return [f"breakers closed ({closed}), counters rebuilt"]
    return [
        f"{_NAMES.get(each.name, each.name)} {_describe(each.before)} → {_describe(each.after)}"
        for each in list_differences(change)
    ]


def _describe(value: Value) -> str:
    if value is None:
        return "none"
    return format_days(value) if isinstance(value, frozenset) else str(value)


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
            Text("; ".join(describe_differences(change)) or "unchanged"),
        )
    return table
