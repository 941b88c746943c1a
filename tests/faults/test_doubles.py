"""Several beats, dispatchers and copies of messages at once, and every message again at the end."""

import pytest

from tests.faults.harness import Harness
from tests.faults.scenarios import QUICK, run


@pytest.mark.soak  # each change: two campaigns (tests/e2e/test_chain.py), repeated messages (tests/tasks)
def test_two_of_everything_greet_nobody_twice(harness: Harness) -> None:
    report = run(harness, QUICK["doubles"])
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0
