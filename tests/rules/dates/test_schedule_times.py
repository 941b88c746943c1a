"""Cron expressions, valid and hostile."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSimError

from worker.rules.dates.schedule_times import fire_times, next_fire

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_a_fire_is_an_instant_in_utc_after_the_one_that_was_asked_from() -> None:
    fire = next_fire("0 9 * * *", PARIS, NOON)
    assert (fire, fire.tzinfo) == (datetime(2026, 7, 2, 7, tzinfo=UTC), UTC)
    assert next_fire("0 9 * * *", PARIS, fire) == fire + timedelta(days=1)


@pytest.mark.parametrize("cron", ["every day", "61 * * * *", f"{'0' * 5000} * * * *", "*" * 201])
def test_what_is_no_expression_is_refused(cron: str) -> None:
    with pytest.raises(CronSimError):
        fire_times(cron, PARIS, NOON)
