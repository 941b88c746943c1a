"""Pictures say what their numbers say, for any numbers."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from api_stub.console.drawing.columns import HEIGHT, draw_columns, find_scale
from api_stub.console.drawing.curve import draw_steps
from api_stub.console.drawing.gauge import draw_gauge
from api_stub.console.drawing.heat_map import LEVELS, STEP, draw_year, find_level

counts = st.integers(0, 10**9)
stacks = st.lists(st.lists(counts, min_size=3, max_size=3), max_size=60)


@given(counts, counts, counts)
def test_a_gauge_is_full_only_without_anything_left_and_empty_only_without_use(
    used: int, reserved: int, left: int
) -> None:
    gauge = draw_gauge(used=used, reserved=reserved, left=left)
    assert gauge.is_full == (left == 0)
    assert 0 <= gauge.used <= 100
    assert 0 <= gauge.reserved <= 100 - gauge.used
    if left:
        assert (gauge.used == 0) == (used == 0)
        assert gauge.used < 100
    if used and left and not reserved:
        assert abs(gauge.used - 100 * used / (used + left)) <= 1.5


@given(st.integers(0, 30), st.integers(0, 30))
def test_more_use_never_makes_a_gauge_shorter(used: int, more: int) -> None:
    limit = 60
    shorter, longer = (draw_gauge(used=each, reserved=0, left=limit - each) for each in (used, used + more))
    assert shorter.used <= longer.used


def test_a_window_that_allows_nothing_is_full() -> None:
    assert draw_gauge(used=0, reserved=0, left=0).is_full


@given(stacks)
def test_the_parts_of_a_column_are_as_high_as_their_values_and_stand_on_each_other(
    values: list[list[int]],
) -> None:
    picture = draw_columns(values)
    top = picture.ticks[-1].value
    assert len(picture.columns) == len(values)
    for column, parts in zip(picture.columns, values, strict=True):
        assert 0 <= column.x <= column.x + column.width <= 100
        assert {part.number for part in column.parts} == {n for n, value in enumerate(parts) if value}
        bottom = HEIGHT
        for part in column.parts:
            assert abs(part.height - HEIGHT * parts[part.number] / top) <= 0.02
            assert abs(part.y + part.height - bottom) <= 0.02
            bottom = part.y
        assert bottom >= 0


@given(stacks)
def test_columns_do_not_overlap(values: list[list[int]]) -> None:
    columns = draw_columns(values).columns
    assert all(left.x + left.width <= right.x for left, right in pairwise(columns))


@given(counts)
def test_a_scale_has_few_round_steps_and_holds_the_highest(highest: int) -> None:
    step, top = find_scale(highest)
    assert top >= max(highest, 1)
    assert top - step < max(highest, 1)
    assert top % step == 0
    assert top // step <= 5
    assert str(step).rstrip("0") in {"1", "2", "5"}


def test_a_limit_is_a_line_at_its_own_height_and_one_far_above_flattens_nothing() -> None:
    near = draw_columns([[10, 0, 0]], [15])
    assert near.ticks[-1].value == 15
    assert near.columns[0].limit_y == 0
    far = draw_columns([[10, 0, 0]], [10_000])
    assert far.ticks[-1].value == 10
    assert far.columns[0].limit_y is None


def test_nothing_and_one_column_can_be_drawn() -> None:
    nothing = draw_columns([])
    assert (nothing.columns, [tick.value for tick in nothing.ticks]) == ([], [0, 1])
    (one,) = draw_columns([[0, 0, 1]]).columns
    assert [(part.number, part.y, part.height) for part in one.parts] == [(2, 0, HEIGHT)]


@given(
    st.lists(st.fractions(0, 1), min_size=1, max_size=8),
    st.none() | st.fractions(-1, 9),
)
def test_today_lies_on_the_curve_or_nowhere(shares: list[Fraction], today: Fraction | None) -> None:
    curve = draw_steps(shares, today)
    assert len(curve.corners) == 2 * len(shares)
    assert (curve.corners[0].x, curve.corners[-1].x) == (0, 100)
    assert all(0 <= point.y <= 100 for point in curve.corners)
    assert (curve.today is None) == (today is None or not 0 <= today < len(shares))
    if curve.today is not None:
        left, right = curve.corners[2 * int(today or 0) :][:2]
        assert curve.today.y == left.y == right.y
        assert left.x - 0.01 <= curve.today.x <= right.x + 0.01


years = st.integers(1900, 2200)


@st.composite
def years_with_counts(draw: st.DrawFn) -> tuple[int, dict[date, int]]:
    year = draw(years)
    days = st.integers(-40, 400).map(lambda number: date(year, 1, 1) + timedelta(days=number))
    return year, draw(st.dictionaries(days, st.integers(0, 10_000), max_size=40))


@given(years_with_counts())
def test_a_heat_map_has_each_day_of_its_year_once_and_sums_to_its_counts(
    given_year: tuple[int, dict[date, int]],
) -> None:
    year, by_day = given_year
    months = draw_year(year, by_day)
    cells = [cell for month in months for cell in month.cells]
    first = date(year, 1, 1)
    length = (date(year + 1, 1, 1) - first).days
    assert [cell.day for cell in cells] == [first + timedelta(days=n) for n in range(length)]
    assert {cell.day: cell.count for cell in cells if cell.count} == {
        day: count for day, count in by_day.items() if count and day.year == year
    }
    assert sum(month.total for month in months) == sum(cell.count for cell in cells)
    for month in months:
        corners = {(cell.x // STEP, cell.y // STEP) for cell in month.cells}
        assert len(corners) == len(month.cells)  # no two days in one place
        for cell in month.cells:
            assert cell.y // STEP == cell.day.weekday()
            assert cell.x + cell.size <= month.width
            assert cell.y + cell.size <= month.height


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(1, 1000))
def test_a_level_grows_with_the_count_and_is_nothing_only_for_nothing(
    one: int, other: int, most: int
) -> None:
    low, high = sorted((min(one, most), min(other, most)))
    assert find_level(low, most) <= find_level(high, most) <= LEVELS
    assert (find_level(low, most) == 0) == (low == 0)
    assert find_level(most, most) == LEVELS
