"""Workers whose clock is wrong, and beat's ticks alone to go by."""

import pytest

from tests.faults.harness import Harness
from tests.faults.scenarios import CLOCKS, run


@pytest.mark.soak
@pytest.mark.parametrize("fault", CLOCKS)
def test_a_wrong_clock_greets_nobody_early_twice_or_never(harness: Harness, fault: str) -> None:
    report = run(harness, CLOCKS[fault])
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0
