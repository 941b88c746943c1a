"""All of it at random, then calm."""

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
    """All of it at random, then calm. Redis keeps its data, so the quota can be held to account."""

    def strike(harness: Harness) -> int:
        draw = random.Random(seed)
        harness.site.fault(FaultName.SLOW, 150)
        faults = storm_faults(draw)
        until = time.perf_counter() + seconds
        strikes = 0
        while time.perf_counter() < until:
            harness.rest(draw.uniform(0.2, 1.5))
            name = draw.choice(sorted(faults))
            with suppress(BrokerError):
                faults[name](harness)
            harness.hurry()
            harness.tick(RECOVER, DISPATCH)
            strikes += 1
        for child in harness.stopped():
            child.resume()
        harness.site.clear_faults()
        return strikes

    return strike


def storm_faults(draw: random.Random) -> Mapping[str, Callable[[Harness], object]]:
    """What a storm is made of."""

    def pause(harness: Harness) -> None:
        hands = [hand for name in BROWSERS for hand in harness.hands(name)]
        with suppress(psutil.NoSuchProcess):
            hand = draw.choice(hands or [psutil.Process()])
            if hand.pid != psutil.Process().pid:
                hand.suspend()
                harness.rest(draw.uniform(0.1, 1.5))
                hand.resume()

    def doubles(harness: Harness) -> None:
        for action_id in harness.action_ids():
            harness.publish(BIRTHDAY_GREET, "birthday", action_id=str(action_id))

    return {
        "kill": lambda harness: kill_somebody(harness, draw),
        "pause": pause,
        "doubles": doubles,
        "redis restarts": lambda harness: harness.restart_redis(keep=True, down=draw.uniform(0, 1)),
        "redis resets": lambda harness: harness.on_redis("CLIENT", "KILL", "TYPE", "normal"),
        "scripts flushed": lambda harness: harness.on_redis("SCRIPT", "FLUSH"),
        "postgres restarts": lambda harness: harness.restart_postgres(
            draw.choice((signal.SIGINT, signal.SIGQUIT))
        ),
        "postgres cuts": lambda harness: harness.cut_postgres(),
        "reply swallowed": site(FaultName.SEND_SWALLOWS_REPLY, times=1),
        "no effect": site(FaultName.SEND_NO_EFFECT, times=1),
        "http 500": site(FaultName.HTTP_500, times=1),
    }
