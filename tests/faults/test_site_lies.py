"""A site that replies without an effect, has an effect without a reply, or does nothing."""

from tests.faults.harness import Harness
from tests.faults.scenarios import QUICK, run


def test_everybody_is_greeted_once_whatever_the_site_says(harness: Harness) -> None:
    report = run(harness, QUICK["site"])
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0
