"""When a schedule fires: cron in the account's time zone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from worker.errors import RequestRefusedError

_LONGEST: Final = 200
"""Characters. Real expressions are far shorter; Python refuses to parse numbers of thousands of digits."""

_FIELDS: Final = 5
_WEEKLY: Final = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* (\*|[0-7](?:[-,][0-7])*)")
_ALL_DAYS: Final = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class WeeklyTime:
    """A time of day on some days of each week; 0 is Monday."""

    at: time
    days: frozenset[int]

    def to_cron(self) -> str:
        """Return the cron expression, in which 0 is Sunday."""
        days = ",".join(str(day) for day in sorted((day + 1) % 7 for day in self.days))
        return f"{self.at.minute} {self.at.hour} * * {'*' if self.days == _ALL_DAYS else days}"


def parse_weekly(cron: str) -> WeeklyTime | None:
    """Return the time and days of an expression that has no more than these; None for any other."""
    found = _WEEKLY.fullmatch(" ".join(cron.split()))
    if found is None or int(found[1]) > 59 or int(found[2]) > 23:
        return None
    days: set[int] = set()
    for part in ["0-6"] if found[3] == "*" else found[3].split(","):
        first, _, last = part.partition("-")
        if "-" in last:
            return None
        days.update((day - 1) % 7 for day in range(int(first), int(last or first) + 1))
    return WeeklyTime(time(int(found[2]), int(found[1])), frozenset(days)) if days else None


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


def list_next_fires(cron: str, zone: ZoneInfo, after: datetime, *, count: int) -> Sequence[datetime]:
    """Return the next `count` fire times. Raises RequestRefusedError if `cron` is invalid or never fires."""
    try:
        if len(cron.split()) != _FIELDS:  # the library would read a sixth field as seconds
            raise CronSimError("Wrong number of fields")  # noqa: TRY301 -- the same refusal
        coming = list(islice(fire_times(cron, zone, after), count))
    except CronSimError as error:
        raise RequestRefusedError(
            f"{cron!r} isn't a cron expression: {error}; give five fields (minute, hour, day, month, "
            'weekday), such as "0 9 * * 1-5"'
        ) from None
    if not coming:
        raise RequestRefusedError(f"{cron!r} never fires: no month has such a day")
    return coming
