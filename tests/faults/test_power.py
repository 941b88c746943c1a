"""The power is cut again and again in the middle of a campaign. The network's own ledger judges."""

import random

import pytest
from rich.console import Console  # noqa: TID251 -- prints only its own figures

from tests.faults.census import Expected, Quota
from tests.faults.harness import EVERYBODY, Harness
from tests.faults.scenarios.power import MORE_PEOPLE, power_cuts

CUTS = 20


@pytest.mark.soak
def test_everybody_is_greeted_once_though_the_power_fails_twenty_times(harness: Harness) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    harness.reset()
    for _ in range(MORE_PEOPLE):
        harness.site.add_birthdays()
    harness.campaign(late_days=EVERYBODY)
    cuts = power_cuts(seed, CUTS)(harness)
    harness.wait_until_settled(seconds=300)
    census = harness.take_census(Expected(Quota.AT_LEAST))
    Console().print(f"seed {seed}: {cuts} cuts, {census}")
    assert census.problems == (), f"seed {seed}"
    assert cuts == CUTS
    assert census.in_ledger == census.planned > CUTS
