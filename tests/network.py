"""Cached states of practice networks: creating the people takes most of a start."""

import tempfile
from datetime import date
from functools import cache
from pathlib import Path

from api_stub.sandbox.state import State
from worker import clock


def fill(state: Path, today: date | None = None) -> None:
    """Write the state of a practice network that starts on `today`, by default the real date."""
    state.write_bytes(_filled(today or clock.now().date()))


@cache
def _filled(today: date) -> bytes:
    with tempfile.TemporaryDirectory(prefix="rapport-network-") as folder:
        path = Path(folder) / "sandbox.db"
        State(path, today=lambda: today, now=clock.now).close()
        return path.read_bytes()
