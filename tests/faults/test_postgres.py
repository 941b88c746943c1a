"""Postgres restarts, crashes and hangs up, also between an effect and its record."""

import pytest

from tests.faults.harness import Harness
from tests.faults.scenarios import QUICK, run


@pytest.mark.soak
def test_everybody_is_greeted_once_whatever_postgres_does(harness: Harness) -> None:
    report = run(harness, QUICK["postgres"])
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0
