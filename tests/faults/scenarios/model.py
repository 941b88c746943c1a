"""A scenario: a fault that strikes a running campaign, and what must hold afterwards."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.census import Census, Expected, Quota
from tests.faults.harness import Harness

Strike = Callable[[Harness], int]
"""Called when the campaign is planned. Returns how often it has struck."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A fault, the size of its campaign, and what it may leave behind."""

    strike: Strike
    late_days: int = 0
    quota: Quota = Quota.EQUAL
    poisoned: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """One run of a scenario."""

    strikes: int
    seconds: float
    census: Census


def run(harness: Harness, scenario: Scenario) -> Report:
    """Start a campaign, strike, wait until every action has ended, and count at the receiver."""
    began = time.perf_counter()
    harness.reset()
    harness.campaign(late_days=scenario.late_days)
    strikes = scenario.strike(harness)
    harness.wait_until_settled()
    harness.site.clear_faults()
    seconds = time.perf_counter() - began
    return Report(strikes, seconds, harness.take_census(Expected(scenario.quota, scenario.poisoned)))


def combine(*strikes: Strike) -> Strike:
    """Return a strike that applies these in turn, in one campaign."""
    return lambda harness: sum(strike(harness) for strike in strikes)
