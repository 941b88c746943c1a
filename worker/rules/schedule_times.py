"""When a schedule fires: cron in the account's time zone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_LONGEST: Final = 200
"""Characters. Real expressions are far shorter; Python refuses to parse numbers of thousands of digits."""


def next_fire(cron: str, zone: ZoneInfo, after: datetime) -> datetime:
    """Return the first instant (aware, UTC) after `after` at which `cron` fires in `zone`.

    Daylight saving time is handled as cron handles it. Raises cronsim.CronSimError for an invalid expression,
    StopIteration for one that never fires.
    """
    return next(fire_times(cron, zone, after))


def fire_times(cron: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield the instants after `after` at which `cron` fires in `zone`. Raises as `next_fire` does."""
    if len(cron) > _LONGEST:
        raise CronSimError(f"longer than {_LONGEST} characters")
    return (fire.astimezone(UTC) for fire in CronSim(cron, after.astimezone(zone)))
