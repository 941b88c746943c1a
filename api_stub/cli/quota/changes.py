"""The audit of limits in words: what was changed, from what to what."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from api_stub.cli.quota.gates import days_says, gap_says
from api_stub.responses.quota import clock_time
from db.store.quota.limits import Change
from worker.rules.quota.windows import ALL_WEEK

_COUNTS: Final = {
    "per_run": "a run",
    "per_day": "a day",
    "per_week": "in 7 days",
    "reserved_per_day": "kept for it each day",
}


def _times(values: Mapping[str, Any]) -> str:
    opens, closes = (timedelta(minutes=values[name]) for name in ("opens_minute", "closes_minute"))
    return f"{clock_time(opens)}-{clock_time(closes)}"


def _gap(values: Mapping[str, Any]) -> str:
    return gap_says(*(timedelta(milliseconds=values[name]) for name in ("gap_min_ms", "gap_max_ms")))


_PAIRS: Final[Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]]] = {
    "gap_min_ms": ("gap", _gap),
    "opens_minute": ("hours", _times),
    "days": ("days", lambda row: days_says(frozenset(day for day in ALL_WEEK if row["days"] >> day & 1))),
}


def differences(change: Change) -> Sequence[str]:
    """Return each thing that a change changed, as `name before → after`."""
    before, after = change.before or {}, change.after or {}
    if change.what == "breaker":
        return [f"breakers closed ({', '.join(after.get('closed', ()))}), counters built anew"]
    if change.what == "warm_up":
        old, new = (row.get("warm_up_on") or "none" for row in (before, after))
        return [f"from {old} → {new}"]
    told = [
        *((words, str(before[name]), str(after[name])) for name, words in _COUNTS.items() if name in after),
        *((words, say(before), say(after)) for name, (words, say) in _PAIRS.items() if name in after),
    ]
    return [f"{words} {old} → {new}" for words, old, new in told if old != new]


def of_whom(what: str) -> str:
    """Name what a line of the audit is about."""
    return {"total": "all kinds together", "warm_up": "warm-up"}.get(what, what)


def log_table(changes: Sequence[Change]) -> Table:
    """Return the audit as a table, newest first."""
    table = Table("when (UTC)", "who", "what", "change", box=None, pad_edge=False)
    for change in changes:
        table.add_row(
            f"{change.at:%Y-%m-%d %H:%M:%S}",
            Text(change.by, overflow="fold"),
            of_whom(change.what),
            Text("; ".join(differences(change)) or "as it was"),
        )
    return table
