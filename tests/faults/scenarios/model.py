"""A fault as a scenario: what strikes a running campaign, and what must then hold."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.census import Census, Expected, Quota
from tests.faults.harness import Harness

Strike = Callable[[Harness], int]
"""Called once the campaign is planned; returns how often it has struck."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A fault, the size of the campaign that it strikes, and what it may leave behind."""

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
    """Strike a campaign of its own, wait for every action's end, and count at the receiver."""
    began = time.perf_counter()
    harness.fresh()
    harness.campaign(late_days=scenario.late_days)
    strikes = scenario.strike(harness)
    harness.settle()
    harness.site.clear_faults()
    seconds = time.perf_counter() - began
    return Report(strikes, seconds, harness.verdict(Expected(scenario.quota, scenario.poisoned)))


def medley(*strikes: Strike) -> Strike:
    """One fault after another in one campaign."""
    return lambda harness: sum(strike(harness) for strike in strikes)
