"""A schedule whose tick was lost fires all the same, and once."""

import pytest

from tests.faults.harness import Harness
from tests.faults.scenarios import TICKS, run

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("name", TICKS)
def test_a_schedule_whose_tick_was_lost_fires_once(harness: Harness, name: str) -> None:
    report = run(harness, TICKS[name])
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0
