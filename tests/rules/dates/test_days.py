from datetime import date

import pytest

from worker.rules.dates.date_range import require_supported_day


@pytest.mark.parametrize("day", [date(1900, 1, 1), date(2026, 11, 28), date(2200, 12, 31)])
def test_a_day_that_people_have_to_do_with_is_taken(day: date) -> None:
    assert require_supported_day(day) == day


@pytest.mark.parametrize("day", [date.min, date(1899, 12, 31), date(2201, 1, 1), date.max])
def test_a_day_of_another_age_is_a_mistake(day: date) -> None:
    with pytest.raises(ValueError, match="days from 1900-01-01 to 2200-12-31 are accepted"):
        require_supported_day(day)
