"""Redis restarts with nothing, forgets in mid-campaign, and refuses connections."""

import pytest

from tests.faults.harness import Harness
from tests.faults.scenarios import QUICK, run


@pytest.mark.soak
def test_everybody_is_greeted_once_whatever_redis_does(harness: Harness) -> None:
    report = run(harness, QUICK["redis"])
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0
