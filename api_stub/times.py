"""Format times for people, in an account's zone."""

from contextvars import ContextVar
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from worker import clock

UTC_ZONE: Final = ZoneInfo("UTC")
"""The zone of what belongs to no account."""

_all_in_utc: ContextVar[bool] = ContextVar("all_in_utc", default=False)


def show_times_in_utc(asked: bool) -> None:
    """Let `format_time` use UTC instead of the account's zone, for `rapport --utc`."""
    _all_in_utc.set(asked)


def format_time(instant: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """Format a time in the account's zone, which is named: "28 Nov 07:49 Europe/Paris".

    The year is named if it is not this year's. What belongs to no account is shown in `UTC_ZONE`.
    """
    shown_in = UTC_ZONE if _all_in_utc.get() else zone
    local = instant.astimezone(shown_in)
    year = "" if local.year == clock.now().astimezone(shown_in).year else f" {local.year}"
    return f"{local.day} {local:%b}{year} {local:{'%H:%M:%S' if seconds else '%H:%M'}} {shown_in.key}"
