"""Random faults for a while, then none."""

import random
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import psutil
from kombu.exceptions import OperationalError as BrokerError

from api_stub.sandbox.faults import FaultName
from tasks.contract import BIRTHDAY_GREET, DISPATCH, RECOVER
from tests.faults.cluster import BROWSERS
from tests.faults.harness import Harness
from tests.faults.scenarios.model import Strike
from tests.faults.scenarios.processes import kill_somebody
from tests.faults.scenarios.site import site


def storm(seed: int, seconds: float) -> Strike:
    """Random faults for `seconds`, then none. Redis keeps its data, so that the quota can be compared."""

    def strike(harness: Harness) -> int:
        draw = random.Random(seed)
        harness.site.fault(FaultName.SLOW, 150)
        faults = storm_faults(draw)
        until = time.perf_counter() + seconds
        strikes = 0
        while time.perf_counter() < until:
            harness.run_for(draw.uniform(0.2, 1.5))
            name = draw.choice(sorted(faults))
            with suppress(BrokerError):
                faults[name](harness)
            harness.skip_waits()
            harness.tick(RECOVER, DISPATCH)
            strikes += 1
        for child in harness.stopped():
            child.resume()
        harness.site.clear_faults()
        return strikes

    return strike


def storm_faults(draw: random.Random) -> Mapping[str, Callable[[Harness], object]]:
    """Return the faults of a storm by name."""

    def pause(harness: Harness) -> None:
        children = [child for name in BROWSERS for child in harness.pool_children(name)]
        with suppress(psutil.NoSuchProcess):
            child = draw.choice(children or [psutil.Process()])
            if child.pid != psutil.Process().pid:
                child.suspend()
                harness.run_for(draw.uniform(0.1, 1.5))
                child.resume()

    def doubles(harness: Harness) -> None:
        for action_id in harness.action_ids():
            harness.publish(BIRTHDAY_GREET, "birthday", action_id=str(action_id))

    return {
        "kill": lambda harness: kill_somebody(harness, draw),
        "pause": pause,
        "doubles": doubles,
        "redis restarts": lambda harness: harness.restart_redis(keep=True, down=draw.uniform(0, 1)),
        "redis resets": lambda harness: harness.run_redis_command("CLIENT", "KILL", "TYPE", "normal"),
        "scripts flushed": lambda harness: harness.run_redis_command("SCRIPT", "FLUSH"),
        "postgres restarts": lambda harness: harness.restart_postgres(
            draw.choice((signal.SIGINT, signal.SIGQUIT))
        ),
        "postgres cuts": lambda harness: harness.cut_postgres(),
        "reply swallowed": site(FaultName.SEND_SWALLOWS_REPLY, times=1),
        "no effect": site(FaultName.SEND_NO_EFFECT, times=1),
        "http 500": site(FaultName.HTTP_500, times=1),
    }
