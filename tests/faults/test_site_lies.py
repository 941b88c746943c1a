"""A site that replies without an effect, has an effect without a reply, or does nothing.

tests/replica/test_campaign.py does the same on the replica, with fewer lies.
"""

import pytest

from tests.faults.harness import Harness
from tests.faults.scenarios import QUICK, run


@pytest.mark.soak
def test_everybody_is_greeted_once_whatever_the_site_says(harness: Harness) -> None:
    report = run(harness, QUICK["site"])
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0
