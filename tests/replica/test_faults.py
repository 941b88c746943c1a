"""The fault families of the practice network on the replica: nobody is lost, doubled or mistaken."""

import pytest

from tests.faults.scenarios import QUICK, run
from tests.replica.harness import ReplicaHarness

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("family", QUICK)
def test_everybody_is_greeted_once_whatever_happens(harness: ReplicaHarness, family: str) -> None:
    report = run(harness, QUICK[family])
    assert report.strikes > 0
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0
