"""Workers whose clock is wrong by an hour, for a whole campaign."""

from contextlib import suppress
from datetime import timedelta
from typing import Final

import psutil

from tests.faults.harness import Harness
from tests.faults.scenarios.model import Scenario, Strike

HOUR: Final = timedelta(hours=1)


def skewed(name: str, by: timedelta) -> Strike:
    """One worker's clock is `by` ahead, and a child dies. Only beat sends ticks, and no wait is shortened."""

    def strike(harness: Harness) -> int:
        child = harness.stop_at("after_claim")  # keeps the campaign from ending before the clock is wrong
        harness.skew(name, by)
        try:
            with suppress(psutil.NoSuchProcess):
                child.kill()
            harness.wait_for("every action to end, by beat's ticks", harness.is_settled, seconds=150)
        finally:
            harness.skew(name, timedelta())
        return 1

    return strike


CLOCKS: Final = {
    "a worker's clock an hour ahead": Scenario(skewed("browser1", HOUR)),
    "a worker's clock an hour behind": Scenario(skewed("browser1", -HOUR)),
    "the control worker's clock an hour ahead": Scenario(skewed("control", HOUR)),
    "the control worker's clock an hour behind": Scenario(skewed("control", -HOUR)),
}
