"""Clocks that are wrong, and ticks of beat that are lost."""

import pytest

from tests.faults.harness import Harness
from tests.faults.scenarios import CLOCKS, TICKS, run

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("fault", CLOCKS)
def test_a_wrong_clock_greets_nobody_early_twice_or_never(harness: Harness, fault: str) -> None:
    report = run(harness, CLOCKS[fault])
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0


@pytest.mark.parametrize("name", TICKS)
def test_a_schedule_whose_tick_was_lost_fires_once(harness: Harness, name: str) -> None:
    report = run(harness, TICKS[name])
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0
