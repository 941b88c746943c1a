"""The only module that reads the clock. All others take the time as an argument."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return this machine's time, aware, in UTC. Leases and deadlines use the time of Postgres or Redis."""
    return datetime.now(UTC)


def monotonic_seconds() -> float:
    """Return a monotonic clock's time, in seconds, to measure durations."""
    return time.monotonic()
