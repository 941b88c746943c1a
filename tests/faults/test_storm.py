"""Random faults for a while, then none. The printed seed draws the same faults again."""

import random

import pytest
from rich.console import Console  # noqa: TID251 -- prints only its own figures

from tests.faults.census import Quota
from tests.faults.harness import EVERYBODY, Harness
from tests.faults.scenarios import Scenario, run, storm


@pytest.mark.soak
def test_after_a_storm_everybody_is_greeted_once(harness: Harness) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    Console().print(f"storm seed: {seed}")
    scenario = Scenario(storm(seed, seconds=20), late_days=EVERYBODY, quota=Quota.AT_LEAST)
    report = run(harness, scenario)
    assert report.census.problems == (), f"storm seed {seed}"
    assert report.strikes > 0
