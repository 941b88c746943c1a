"""A mark that matches less than it did is told before it breaks something, and a quiet day is not drift."""

import pytest

from worker.rules.policy import REFUSALS_THAT_HOLD, is_account_held
from worker.rules.sites.mark_trends import MarkLooks, Trend, find_trend

WELL = MarkLooks({"2026": 100})


@pytest.mark.parametrize(
    ("before", "lately", "trend"),
    [
        (WELL, MarkLooks({"2026": 9}), None),
        (WELL, MarkLooks({}, 3), Trend.MISSING),
        (WELL, MarkLooks({}, 2), None),
        (WELL, MarkLooks(), None),
        (MarkLooks({}, 50), MarkLooks({}, 50), None),  # never matched
        (WELL, MarkLooks({"2026": 3}, 3), Trend.RARER),
        (WELL, MarkLooks({"2026": 4}, 3), None),
        (WELL, MarkLooks({"2026": 1}, 3), None),  # too few looks
        (MarkLooks({"2026": 60}, 40), MarkLooks({"2026": 4}, 6), None),  # it was often missed before
        (WELL, MarkLooks({"2025": 5, "2026": 4}), Trend.OTHER_FORM),
        (WELL, MarkLooks({"2025": 4, "2026": 5}), None),
        (MarkLooks({"2026": 60, "2025": 40}), MarkLooks({"2025": 9}), None),  # both were usual
    ],
)
def test_a_mark_has_fallen_by_what_it_was_before(
    before: MarkLooks, lately: MarkLooks, trend: Trend | None
) -> None:
    assert find_trend(before, lately) is trend


def test_as_many_refusals_in_a_row_as_never_happen_by_chance_are_a_hold() -> None:
    row = [True] * REFUSALS_THAT_HOLD
    assert is_account_held(row)
    assert is_account_held([*row, False])
    assert not is_account_held(row[1:])
    for place in range(REFUSALS_THAT_HOLD):
        assert not is_account_held([*row[:place], False, *row[place:]][:REFUSALS_THAT_HOLD])
