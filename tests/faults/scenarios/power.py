"""The power fails: every process of the machine is killed at once, the servers too.

Only the practice network goes on, which is the world outside. What a disk loses of unsynced writes is not
simulated: a kill leaves them to the kernel.
"""

import random
from contextlib import suppress
from datetime import timedelta
from typing import Final

import psutil

from tests.faults.harness import Harness
from tests.faults.scenarios.model import Strike

MORE_PEOPLE: Final = 4
"""How often thirteen more people have a birthday, so that no cut comes after the last greeting."""


def cut_power(harness: Harness) -> None:
    """SIGKILL all processes with all their descendants, then start the servers again on their data."""
    servers = [server.child for server in (harness.postgres, harness.redis) if server.child is not None]
    roots = [*harness.services(), *servers]
    everything = [each for root in roots for each in _with_descendants(root.pid)]
    for process in everything:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(everything, timeout=10)
    for server in servers:
        server.wait(timedelta(seconds=10))
        harness.table.forget(server)
    harness.postgres.start()
    harness.redis.start()


def power_cuts(seed: int, wanted: int) -> Strike:
    """Return a strike that cuts the power at random moments, while there is work left."""

    def strike(harness: Harness) -> int:
        draw = random.Random(seed)
        for count in range(wanted):
            harness.next_greeting(seconds=180)
            if harness.count_done() == len(harness.action_ids()):
                return count
            harness.run_for(draw.uniform(0, 1.5))
            cut_power(harness)
            harness.skip_waits()
        return wanted

    return strike


def _with_descendants(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []
