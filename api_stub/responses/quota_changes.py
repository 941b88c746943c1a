"""What an entry of the audit log of limits changed, as facts: each reader words them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, TypeAlias

from db.store.quota.limits import LimitChange, days_of_bits
from worker.rules.quota.notation import format_gap, format_times
from worker.rules.quota.windows import Hours

Value: TypeAlias = int | str | frozenset[int] | date | None
"""A count, a gap or hours as they are typed, working days, or the first day of a warm-up."""

_MINUTE: Final = timedelta(minutes=1)
_MS: Final = timedelta(milliseconds=1)
_COUNTS: Final = ("per_run", "per_day", "per_week", "reserved_per_day")


@dataclass(frozen=True, slots=True)
class Difference:
    """A limit that was changed. `name` is a count's, or gap, hours, days or warm_up."""

    name: str
    before: Value
    after: Value


def _read_gap(row: Mapping[str, Any]) -> str:
    return format_gap(row["gap_min_ms"] * _MS, row["gap_max_ms"] * _MS)


def _read_hours(row: Mapping[str, Any]) -> str:
    return format_times(Hours(row["opens_minute"] * _MINUTE, row["closes_minute"] * _MINUTE))


_READERS: Final[Mapping[str, tuple[str, Callable[[Mapping[str, Any]], Value]]]] = {
    "gap_min_ms": ("gap", _read_gap),
    "opens_minute": ("hours", _read_hours),
    "days": ("days", lambda row: days_of_bits(row["days"])),
}


def list_differences(change: LimitChange) -> Iterator[Difference]:
    """Yield what a change of limits or of the warm-up changed; nothing for a closed breaker."""
    before, after = change.before or {}, change.after or {}
    if change.what == "warm_up":
        yield Difference("warm_up", *(_read_date(row.get("warm_up_on")) for row in (before, after)))
        return
    values = [
        *(Difference(name, before[name], after[name]) for name in _COUNTS if name in after),
        *(
            Difference(name, read(before), read(after))
            for key, (name, read) in _READERS.items()
            if key in after
        ),
    ]
    yield from (each for each in values if each.before != each.after)


def _read_date(stored: str | None) -> date | None:
    return date.fromisoformat(stored) if stored else None
