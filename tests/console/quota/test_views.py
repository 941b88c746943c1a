"""What pictures show are the numbers behind them, for any forecast and any past."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api_stub.console.drawing.columns import HEIGHT
from api_stub.console.quota.activity_view import WEEKS, build_replies, build_year, sum_days
from api_stub.console.quota.forecast_view import NAMED, build_forecast
from api_stub.responses.forecast import DayForecast, End, ForecastAnswer, PersonForecast
from db.store.reports.activity import DayCount
from worker.rules.model import Kind

TODAY = date(2028, 2, 28)  # of a leap year
LENGTH = 33


def on(days: int) -> date:
    return TODAY + timedelta(days=days)


def person(birthday: int, reached: int | None, *, late_days: int, planned: bool) -> PersonForecast:
    until = birthday + late_days
    end = End.MISSED if reached is None else End.LATE if reached > birthday else End.IN_TIME
    return PersonForecast(
        contact_id=1, full_name="Ann", birthday_on=on(birthday), until_on=on(until), end=end,
        reached_at=None, reached_on=None if reached is None else on(reached),
        days_late=None, held_back=None, planned=planned,
    )  # fmt: skip


people = st.builds(
    person,
    st.integers(-10, LENGTH - 4),
    st.none() | st.integers(0, LENGTH - 1),
    late_days=st.integers(0, 3),
    planned=st.booleans(),
)


def answer(everybody: list[PersonForecast], sent: int) -> ForecastAnswer:
    reached = [each.reached_on for each in everybody]
    days = [
        DayForecast(on=on(n), used=reached.count(on(n)) + (sent if n == 0 else 0), limit=15)
        for n in range(LENGTH)
    ]
    ends = [each.end for each in everybody]
    return ForecastAnswer(
        account="demo", time_zone="UTC", as_of=datetime(2028, 2, 28, tzinfo=UTC), last_on=on(LENGTH - 1),
        late_days=3, birthdays=len(everybody), in_time=ends.count(End.IN_TIME), late=ends.count(End.LATE),
        missed=ends.count(End.MISSED), held_back_by={}, stopped_by=None, unapproved=0, paused=0, days=days,
        people=everybody,
    )  # fmt: skip


@given(st.lists(people, max_size=80), st.integers(0, 20))
def test_everybody_in_a_forecast_is_in_one_column(everybody: list[PersonForecast], sent: int) -> None:
    given_answer = answer(everybody, sent)
    view = build_forecast(given_answer)
    assert sum(day.sent for day in view.days) == sent
    assert sum(day.planned + day.expected for day in view.days) == given_answer.in_time
    assert sum(day.late for day in view.days) == given_answer.late
    assert sum(day.missed for day in view.days) == given_answer.missed
    assert len(view.troubled) + view.more == given_answer.late + given_answer.missed
    assert len(view.troubled) <= NAMED
    top = view.picture.ticks[-1].value
    for day, column in zip(view.days, view.picture.columns, strict=True):
        height = sum(part.height for part in column.parts)
        assert abs(height - HEIGHT * sum(day.parts) / top) < 0.1
    assert all(number < len(view.days) for number in view.labelled)


counts = st.builds(
    DayCount, st.integers(-400, 30).map(on), st.sampled_from(Kind), st.integers(1, 500), st.integers(0, 500)
)


@given(st.lists(counts, max_size=60, unique_by=lambda each: (each.day, each.kind)))
def test_the_weeks_and_the_year_add_up(found: list[DayCount]) -> None:
    replies = build_replies(TODAY, found)
    first, end = replies.weeks[0].first, replies.weeks[-1].first + timedelta(days=7)
    assert len(replies.weeks) == WEEKS
    assert first.weekday() == 0
    assert first <= TODAY < end
    inside = [each for each in found if each.kind is Kind.GREET and first <= each.day < end]
    assert replies.greeted == sum(each.happened for each in inside) == sum(w.greeted for w in replies.weeks)
    assert replies.answered == sum(each.answered for each in inside)
    year = build_year(2028, sum_days(found, None))
    assert year.total == sum(each.happened for each in found if each.day.year == 2028)
    assert year.total == sum(month.total for month in year.months) == sum(count for _, count in year.days)
