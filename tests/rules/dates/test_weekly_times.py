"""A time on days of the week, and the cron expression that stands for it."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.dates.schedule_times import WeeklyTime, parse_weekly

EVERY_DAY = frozenset(range(7))


@given(
    st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0)),
    st.frozensets(st.integers(0, 6), min_size=1),
)
def test_what_is_written_as_cron_is_read_as_it_was(at: time, days: frozenset[int]) -> None:
    assert parse_weekly(WeeklyTime(at, days).to_cron()) == WeeklyTime(at, days)


@pytest.mark.parametrize(
    ("cron", "days"),
    [("0 9 * * *", EVERY_DAY), ("0  9 * * 1-5", frozenset(range(5))), ("0 9 * * 7", {6}), ("0 9 * * 0", {6})],
)
def test_common_expressions_are_read(cron: str, days: frozenset[int]) -> None:
    assert parse_weekly(cron) == WeeklyTime(time(9), frozenset(days))


@pytest.mark.parametrize(
    "cron",
    ["*/5 9 * * *", "0 9 1 * *", "0 9 * 2 *", "60 9 * * *", "0 24 * * *", "0 9 * * 5-1", "0 9 * * 1-3-5", ""],
)
def test_others_are_not_a_time_on_days(cron: str) -> None:
    assert parse_weekly(cron) is None
