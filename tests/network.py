"""Cached states of practice networks: creating the people takes most of a start."""

import sqlite3
import tempfile
from contextlib import closing
from datetime import date
from functools import cache
from pathlib import Path

from api_stub.sandbox.invitations import InvitationStore
from api_stub.sandbox.state import State
from worker import clock


def fill(state: Path, today: date | None = None) -> None:
    """Write the state of a practice network that starts on `today`, by default the real date."""
    state.write_bytes(_filled(today or clock.now().date()))


def refill(state: Path, today: date | None = None) -> None:
    """Make the state of a running practice network as new: all of it, also its faults, is in this file."""
    with tempfile.NamedTemporaryFile(prefix="rapport-network-") as new:
        new.write(_filled(today or clock.now().date()))
        new.flush()
        with closing(sqlite3.connect(new.name)) as source, closing(sqlite3.connect(state)) as target:
            source.backup(target)


@cache
def _filled(today: date) -> bytes:
    with tempfile.TemporaryDirectory(prefix="rapport-network-") as folder:
        path = Path(folder) / "sandbox.db"
        with closing(State(path, today=lambda: today, now=clock.now)) as state:
            InvitationStore(state, lambda: today)
        return path.read_bytes()
