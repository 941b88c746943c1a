"""When upkeep is tried again, and when it is late."""

from datetime import UTC, datetime, timedelta

import pytest

from worker.rules.upkeep import EVERY, UpkeepJob, late_at, retry_after

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
SIX_HOURS = timedelta(hours=6)


def test_every_job_has_an_interval_but_those_that_a_person_schedules() -> None:
    assert set(UpkeepJob) - set(EVERY) == {UpkeepJob.BACKUP}


@pytest.mark.parametrize(("failures", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (10_000, 60)])
def test_a_job_that_fails_again_waits_longer(failures: int, minutes: int) -> None:
    assert retry_after(SIX_HOURS, failures) == timedelta(minutes=minutes)


def test_a_failed_job_is_not_tried_less_often_than_it_is_due() -> None:
    assert retry_after(timedelta(minutes=5), 9) == timedelta(minutes=5)


def test_a_job_is_late_once_it_has_missed_its_time_by_as_much_again() -> None:
    assert late_at(SIX_HOURS, NOON, NOON - timedelta(days=9)) == NOON + timedelta(hours=12)
    assert late_at(SIX_HOURS, None, NOON) == NOON + timedelta(hours=12)


def test_a_short_restart_makes_nothing_late() -> None:
    assert late_at(timedelta(minutes=5), NOON, NOON) == NOON + timedelta(minutes=65)
