"""What the calendar shows of the coming days: the greetings of each, and who is late or missed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from api_stub.console.drawing.columns import Columns, draw_columns
from api_stub.responses.forecast import DayForecast, End, ForecastAnswer, PersonForecast

DAYS: Final = 30
_LABELS: Final = 4
NAMED: Final = 30
"""How many of those who are late or missed are named."""


@dataclass(frozen=True, slots=True)
class ForecastDay:
    """One day: greetings sent already, planned, expected, late and missed; `limit` is that of the day."""

    on: date
    sent: int
    planned: int
    expected: int
    late: int
    missed: int
    limit: int

    @property
    def parts(self) -> Sequence[int]:
        """Its parts from the bottom up."""
        return self.sent, self.planned, self.expected, self.late, self.missed


@dataclass(frozen=True, slots=True)
class ForecastView:
    """The forecast: `troubled` are people who are late or missed, at most NAMED of them, `more` the rest."""

    answer: ForecastAnswer
    days: Sequence[ForecastDay]
    picture: Columns
    labelled: Sequence[int]
    troubled: Sequence[PersonForecast]
    more: int


def build_forecast(answer: ForecastAnswer) -> ForecastView:
    """Return the days of a forecast as columns.

    Somebody who is missed counts on the last possible day, or on the first one if it is already too late.
    """
    found: Counter[tuple[date, str]] = Counter()
    for person in answer.people:
        on = person.reached_on or max(person.until_on, answer.days[0].on)
        found[on, _name_part(person)] += 1
    days = [_build_day(day, found) for day in answer.days]
    troubled = [person for person in answer.people if person.end is not End.IN_TIME]
    step = max(1, -(-len(days) // _LABELS))
    return ForecastView(
        answer=answer,
        days=days,
        picture=draw_columns([day.parts for day in days], [day.limit for day in days]),
        labelled=range(0, len(days), step),
        troubled=troubled[:NAMED],
        more=max(0, len(troubled) - NAMED),
    )


def _name_part(person: PersonForecast) -> str:
    if person.end is not End.IN_TIME:
        return person.end
    return "planned" if person.planned else "expected"


def _build_day(day: DayForecast, found: Counter[tuple[date, str]]) -> ForecastDay:
    planned, expected = found[day.on, "planned"], found[day.on, "expected"]
    late, missed = found[day.on, End.LATE], found[day.on, End.MISSED]
    return ForecastDay(
        on=day.on,
        sent=max(0, day.used - planned - expected - late),
        planned=planned,
        expected=expected,
        late=late,
        missed=missed,
        limit=day.limit,
    )
