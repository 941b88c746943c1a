"""When a schedule fires: cron in an account's zone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_LONGEST: Final = 200
"""Characters. What people write is far shorter, and Python reads no number of thousands of digits."""


def next_fire(cron: str, zone: ZoneInfo, after: datetime) -> datetime:
    """Return the first instant after `after` at which `cron` fires in `zone`, as cron does across DST.

    Raises cronsim.CronSimError for an expression that isn't one, StopIteration for one that never fires.
    """
    return next(fire_times(cron, zone, after))


def fire_times(cron: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Give the instants (aware, UTC) after `after` at which `cron` fires in `zone`. Raises as `next_fire`."""
    if len(cron) > _LONGEST:
        raise CronSimError(f"longer than {_LONGEST} characters")
    return (fire.astimezone(UTC) for fire in CronSim(cron, after.astimezone(zone)))
