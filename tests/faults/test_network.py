"""A network that resets, loses answers and goes dead between the workers and their servers."""

import pytest

from tests.faults.harness import Harness
from tests.faults.scenarios import QUICK, run


@pytest.mark.soak
@pytest.mark.parametrize("family", ["network", "half-open"])
def test_everybody_is_greeted_once_whatever_the_network_loses(harness: Harness, family: str) -> None:
    report = run(harness, QUICK[family])
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0
