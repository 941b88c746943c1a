"""A stack while it runs: its addresses, its supervisor, and what other terminals see of it."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime

from api_stub.stack.services import Addresses
from api_stub.stack.stack import Service, Stack
from api_stub.stack.state_file import StackState, write_state
from api_stub.stack.supervisor import Supervisor
from worker import clock


class RunningStack:
    """A started stack whose processes are kept running by calls of `check`.

    `later` are services that `mark_ready` starts.
    """

    def __init__(
        self,
        stack: Stack,
        addresses: Addresses,
        later: Sequence[Service],
        *,
        on_event: Callable[[str], object],
    ) -> None:
        self.stack = stack
        self.addresses = addresses
        self._later = later
        self._on_event = on_event
        self._supervisor = Supervisor(stack, self._report, on_change=self._write)
        self._started_at = clock.now()
        self._ready_at: datetime | None = None
        self._write()

    def check(self) -> None:
        """Start ended processes again. Raises StackError where going on is pointless: see Supervisor."""
        self._supervisor.check()

    def mark_ready(self) -> None:
        """Start what is left to start, and tell other terminals that everything runs.

        Calling it again changes nothing.
        """
        if self._ready_at is not None:
            return
        self.stack.launch_later(*self._later)
        self._ready_at = clock.now()
        self._write()

    def mark_stopping(self) -> None:
        """Tell other terminals that it can't be used any more."""
        self._ready_at = None
        self._write()

    def _report(self, event: str) -> None:
        """Show an event, and add it to the log `stack`, in the form of the other logs."""
        line = {"event": event, "level": "warning", "timestamp": clock.now().isoformat()}
        with (self.stack.data_dir / "logs" / "stack.log").open("a") as log:
            log.write(json.dumps(line) + "\n")
        self._on_event(event)

    def _write(self) -> None:
        state = StackState(
            pid=os.getpid(),
            started_at=self._started_at,
            ready_at=self._ready_at,
            addresses=asdict(self.addresses),
            processes=self._supervisor.list_processes(),
        )
        write_state(self.stack.data_dir, state)
