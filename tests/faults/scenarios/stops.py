"""Workers that are stopped past their lease or their limit, or asked to end."""

import signal
import time
from datetime import timedelta
from typing import Final

from tests.faults.harness import Harness
from tests.faults.scenarios.model import Scenario, Strike


def wedged(harness: Harness) -> int:
    """A child hangs at the click for longer than the time limit: it is killed, and its slot is free again."""
    child = harness.stop_at("before_send")
    longest = 2 * harness.time_limit.total_seconds()
    harness.wait_for("the hard limit", lambda: not child.is_running(), seconds=longest)
    return 1


def outlived(point: str) -> Strike:
    """A child is stopped until its lease is over and another has sent its greeting. Then it continues."""

    def strike(harness: Harness) -> int:
        child = harness.stop_at(point)
        action_id, name = harness.held_by(child), harness.worker_of(child)
        ended = harness.log(name).count("action_ended")
        harness.wait_for(
            "another worker to do it",
            lambda: harness.is_done(action_id),
            seconds=(harness.time_limit - timedelta(seconds=3)).total_seconds(),
        )
        child.resume()
        harness.wait_for("the late one to end", lambda: harness.log(name).count("action_ended") > ended)
        return 1

    return strike


def asked_to_stop(harness: Harness) -> int:
    """SIGTERM in the middle of an action: it is finished, nothing new is begun, and the worker exits."""
    child = harness.stop_at("before_send")
    name = harness.worker_of(child)
    worker = harness.child(name)
    ended = harness.log(name).count("action_ended")
    worker.send(signal.SIGTERM)
    time.sleep(0.5)
    child.resume()
    assert worker.wait(timedelta(seconds=15)) == 0
    assert worker.log.read_text().count("action_ended") == ended + 1
    return 1


STOPS: Final = {
    "stopped past the lease before the click": Scenario(outlived("before_send")),
    "stopped past the lease after the claim": Scenario(outlived("after_claim")),
    "stopped past the time limit": Scenario(wedged),
    "SIGTERM in mid-action": Scenario(asked_to_stop),
}
