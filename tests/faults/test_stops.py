"""Workers that are stopped past their lease, asked to end, or cut off from Redis."""

import pytest

from tests.faults.harness import Harness
from tests.faults.scenarios import QUICK, run


@pytest.mark.soak
def test_a_worker_that_pauses_doubles_nothing(harness: Harness) -> None:
    report = run(harness, QUICK["stops"])
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0
