"""Whole campaigns on the replica of LinkedIn through real workers, judged by the replica's own ledger."""

import sys

import pytest

from tests.faults.census import Expected
from tests.replica.harness import ReplicaHarness
from worker.errors import Reason


@pytest.mark.parametrize(
    ("front_end", "language"),
    [("sdui", "en"), ("ember", "fr"), ("sdui", "de"), ("ember", "es"), ("sdui", "pl")],
)
def test_everybody_is_greeted_once(harness: ReplicaHarness, front_end: str, language: str) -> None:
    harness.reset()
    harness.site.set(front_end=front_end, language=language)
    harness.campaign(late_days=9)
    harness.wait_until_settled()
    census = harness.take_census(Expected())
    print(front_end, language, census, file=sys.stderr)
    assert [line.contact for line in harness.lines() if line.reason is Reason.NOT_CONNECTED] == ["Vera Left"]
    assert [problem for problem in census.problems if not problem.startswith("Vera Left")] == []
    assert (census.doubles, census.in_ledger) == (0, census.planned - 1)
