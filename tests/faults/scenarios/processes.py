"""Kill children and whole workers, at every failpoint and at random."""

import random
import signal
import time
from contextlib import suppress
from typing import Final

import psutil

from tasks.contract import DISPATCH, RECOVER
from tests.faults.cluster import BROWSERS
from tests.faults.harness import EVERYBODY, Harness
from tests.faults.scenarios.model import Scenario, Strike
from worker.rules.model import ActionState
from worker.rules.policy import MAX_FAILURES

VICTIMS: Final = {"child": "kill", "worker": "kill-parent"}


def kills(fault: str, points: tuple[str, ...]) -> Strike:
    """Inject the fault at each of `points` in turn, in one campaign."""

    def strike(harness: Harness) -> int:
        for point in points:
            harness.strike(point, fault)
        return len(points)

    return strike


def random_kills(harness: Harness, draw: random.Random, wanted: int) -> int:
    """Kill children and whole workers at random moments, for as long as there is work left."""
    for count in range(wanted):
        harness.run_for(draw.uniform(0.2, 2.5))
        if harness.count_done() == len(harness.action_ids()):
            return count
        kill_somebody(harness, draw)
        harness.tick(RECOVER, DISPATCH)
        harness.skip_waits()
    return wanted


def kill_somebody(harness: Harness, draw: random.Random) -> None:
    """SIGKILL a random one of: a browser worker's child, a browser worker, the control worker, beat."""
    name = draw.choice((*BROWSERS, *BROWSERS, "control", "beat"))
    children = harness.pool_children(name)
    if children and draw.random() < 0.6:
        with suppress(psutil.NoSuchProcess):
            draw.choice(children).kill()
    else:
        harness.child(name).send(signal.SIGKILL)


def killed_with_a_message(harness: Harness) -> int:
    """A stopped main process has requested a message from Redis, receives it, and is killed.

    Both workers are stopped and killed: Redis decides which of them receives it. Returns 0 if none did.
    """
    workers = [harness.child(name) for name in BROWSERS]
    while len(harness.action_ids()) - harness.count_done() > 3:
        child = harness.stop_at("after_record")
        for worker in workers:
            worker.send(signal.SIGSTOP)
        child.resume()  # it now publishes the next message, which a stopped process has requested
        taken = _is_taken(harness)
        for worker in workers:
            worker.send(signal.SIGKILL if taken else signal.SIGCONT)
        if taken:
            return 1
    return 0


def _is_taken(harness: Harness) -> bool:
    """Return whether for a whole second an action is queued, but its message is no longer in Redis."""
    until = time.perf_counter() + 4
    since = time.perf_counter()
    while time.perf_counter() < until:
        queued = any(line.state is ActionState.QUEUED for line in harness.lines())
        if not queued or harness.run_redis_command("LLEN", "birthday"):
            since = time.perf_counter()
        elif time.perf_counter() > since + 1:
            return True
        time.sleep(0.05)
    return False


def poisoned(harness: Harness) -> int:
    """One action kills every child that claims it, until it has failed. The others are greeted."""
    victim = next(line.id for line in harness.lines() if line.state is ActionState.PLANNED)
    kills = 0
    while kills < MAX_FAILURES:
        harness.put_first(victim)
        child = harness.stop_at("after_reserve")
        if harness.held_by(child) == victim:
            child.kill()
            kills += 1
        else:
            child.resume()
    return kills


PROCESSES: Final = {
    "worker killed with a message in its hand": Scenario(killed_with_a_message, EVERYBODY),
    "an action that kills its worker each time": Scenario(poisoned, poisoned=1),
}
