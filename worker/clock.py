"""The sole caller of "now". Everything else is handed the time."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """This machine's time, aware, in UTC. Deadlines and leases use Postgres' or Redis' time instead."""
    return datetime.now(UTC)


def monotonic_seconds() -> float:
    """A clock for durations, in seconds."""
    return time.monotonic()
