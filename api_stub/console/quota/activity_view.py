"""What the calendar shows of the past: a year's heat map, and the greetings that were answered, by week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from api_stub.console.drawing.columns import Columns, draw_columns
from api_stub.console.drawing.heat_map import Month, draw_year
from db.store.reports.activity import DayCount
from worker.rules.model import Kind

WEEKS: Final = 26
_LABEL_EVERY: Final = 8
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class YearView:
    """A year's heat map, its sum, and its days with a count."""

    months: Sequence[Month]
    total: int
    days: Sequence[tuple[date, int]]


def build_year(year: int, counts: Mapping[date, int]) -> YearView:
    """Return the heat map of a year for these counts."""
    months = draw_year(year, counts)
    cells = [cell for month in months for cell in month.cells if cell.count]
    return YearView(months, sum(cell.count for cell in cells), [(cell.day, cell.count) for cell in cells])


def sum_days(found: Sequence[DayCount], kind: Kind | None) -> Mapping[date, int]:
    """Return how much happened on each day, of one kind or of all."""
    counts: dict[date, int] = {}
    for each in found:
        if kind is None or each.kind is kind:
            counts[each.day] = counts.get(each.day, 0) + each.happened
    return counts


@dataclass(frozen=True, slots=True)
class Week:
    """The greetings of a week, by its Monday, and how many of them were answered by now."""

    first: date
    greeted: int
    answered: int

    @property
    def percent(self) -> int | None:
        """The share that was answered, None without a greeting."""
        return round(100 * self.answered / self.greeted) if self.greeted else None


@dataclass(frozen=True, slots=True)
class RepliesView:
    """The latest weeks; `labelled` are the numbers of those with a label in the picture."""

    weeks: Sequence[Week]
    picture: Columns
    labelled: Sequence[int]
    greeted: int
    answered: int


def find_first_week(today: date) -> date:
    """Return the Monday of the first week that is shown."""
    return today - timedelta(days=today.weekday()) - (WEEKS - 1) * _WEEK


def build_replies(today: date, found: Sequence[DayCount]) -> RepliesView:
    """Return the greetings of the latest weeks, the last of which is not over; `found` holds their days."""
    first = find_first_week(today)
    greeted, answered = [0] * WEEKS, [0] * WEEKS
    for each in found:
        number = (each.day - first).days // 7
        if each.kind is Kind.GREET and 0 <= number < WEEKS:
            greeted[number] += each.happened
            answered[number] += each.answered
    weeks = [Week(first + number * _WEEK, greeted[number], answered[number]) for number in range(WEEKS)]
    return RepliesView(
        weeks=weeks,
        picture=draw_columns([(week.answered, week.greeted - week.answered) for week in weeks]),
        labelled=range(0, WEEKS, _LABEL_EVERY),
        greeted=sum(greeted),
        answered=sum(answered),
    )
