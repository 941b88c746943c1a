"""Redis, Postgres and the network fail: restarts, lost data, resets, lost replies, dead connections."""

import pytest

from tests.faults.harness import Harness
from tests.faults.scenarios import QUICK, run

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("family", ["redis", "postgres", "network", "half-open"])
def test_everybody_is_greeted_once_whatever_the_servers_and_the_network_do(
    harness: Harness, family: str
) -> None:
    report = run(harness, QUICK[family])
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0
