"""Processes that die, hang or are asked to end, at each step of an action."""

import pytest

from tests.faults.harness import Harness
from tests.faults.scenarios import AROUND_THE_SEND, PROCESSES, QUICK, VICTIMS, run
from worker.failpoint import FAILPOINTS


def test_everybody_is_greeted_once_if_children_die_around_the_send(harness: Harness) -> None:
    report = run(harness, QUICK["children killed around the send"])
    assert report.strikes == len(AROUND_THE_SEND) == 4
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0


@pytest.mark.soak
@pytest.mark.parametrize("victim", VICTIMS)
def test_everybody_is_greeted_once_whoever_dies(harness: Harness, victim: str) -> None:
    report = run(harness, QUICK[f"{victim}s killed at every point"])
    assert report.strikes == len(FAILPOINTS)
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0


@pytest.mark.soak
@pytest.mark.parametrize("fault", PROCESSES)
def test_what_a_killed_worker_held_is_taken_up_or_given_up(harness: Harness, fault: str) -> None:
    report = run(harness, PROCESSES[fault])
    assert report.strikes > 0
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0


@pytest.mark.soak
def test_a_worker_that_pauses_doubles_nothing(harness: Harness) -> None:
    """Stopped past its lease, asked to end, or cut off from Redis."""
    report = run(harness, QUICK["stops"])
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0
