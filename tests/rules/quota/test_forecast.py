"""The forecast: within every window at every instant, nobody too early or too late, and why some are late."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.allowance import Allowance
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.decision import Charge, QuotaState
from worker.rules.quota.forecast import ActionForecast, DayUsage, ExpectedAction, Forecast, forecast
from worker.rules.quota.limits import PRACTICE_QUOTA, Limits, Totals
from worker.rules.quota.windows import WEEKDAYS, Hours

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
MONDAY = date(2027, 6, 7)
NOON = datetime(2027, 6, 7, 12, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
FREE = Limits(1000, 1000, 7000, timedelta(0), timedelta(0))


def an_allowance(limits: Limits = FREE, zone: ZoneInfo = UTC_ZONE, **more: Any) -> Allowance:
    given = Allowance(
        account_id=1,
        zone=zone,
        kind=Kind.GREET,
        site=PRACTICE_QUOTA,
        limits={Kind.GREET: limits, Kind.VISIT: FREE, Kind.COLLECT: FREE},
        totals=Totals(10_000, 70_000),
    )
    return replace(given, **more)


def born(contact_id: int, on: date = MONDAY, *, late: int = 3, **more: Any) -> ExpectedAction:
    person = ExpectedAction(contact_id, f"P{contact_id}", on, on + late * DAY)
    return replace(person, **more)


def played(
    people: Sequence[ExpectedAction],
    allowance: Allowance,
    books: QuotaState | None = None,
    *,
    now: datetime = NOON,
    last: date = MONDAY + 30 * DAY,
) -> Forecast:
    return forecast(people, allowance, books or QuotaState(), now=now, last=last)


def ends(told: Forecast) -> dict[int, tuple[int | None, Reason | None]]:
    """Each contact's days late, None for missed, and what held it back."""
    return {one.person.contact_id: (_late(one), one.held_back) for one in told.people}


def _late(one: ActionForecast) -> int | None:
    return one.days_late if one.reached_at else None


counts = st.integers(0, 4)
gaps = st.sampled_from([timedelta(0), timedelta(minutes=2), timedelta(minutes=45), 3 * HOUR])
hours = st.sampled_from(
    [Hours(), Hours(7 * HOUR, 19 * HOUR), Hours(9 * HOUR, 10 * HOUR, WEEKDAYS), Hours(days=frozenset({5}))]
)
zones = st.sampled_from([UTC_ZONE, ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")])
instants = st.integers(-8 * 24 * 60, 0).map(lambda minutes: NOON + timedelta(minutes=minutes))


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    per_day = draw(counts)
    low, more = draw(gaps), draw(gaps)
    return Limits(
        draw(counts), per_day, per_day + draw(st.integers(0, 8)), low, low + more, draw(hours),
        reserved_per_day=draw(st.integers(0, per_day)),
    )  # fmt: skip


@st.composite
def allowances(draw: st.DrawFn) -> Allowance:
    all_day = draw(st.integers(0, 6))
    visits = Limits(4, 4, 20, timedelta(0), timedelta(0), reserved_per_day=draw(st.integers(0, 2)))
    later = st.one_of(st.none(), st.integers(-30, 100).map(lambda hours: NOON + hours * HOUR))
    return replace(
        an_allowance(zone=draw(zones)),
        limits={Kind.GREET: draw(limits()), Kind.VISIT: visits, Kind.COLLECT: FREE},
        totals=Totals(all_day, all_day + draw(st.integers(0, 10))),
        warm_up_on=draw(st.one_of(st.none(), st.integers(-25, 3).map(lambda days: MONDAY + days * DAY))),
        cut_until=draw(later),
        paused_until=draw(later),
    )


@st.composite
def crowds(draw: st.DrawFn) -> list[ExpectedAction]:
    late = draw(st.integers(0, 4))
    people = []
    for contact_id in range(draw(st.integers(0, 25))):
        person = born(contact_id, MONDAY + draw(st.integers(-late, 9)) * DAY, late=late)
        if draw(st.booleans()):
            person = replace(
                person,
                campaign=draw(st.sampled_from(["a", "b"])),
                not_before=NOON + draw(st.integers(-20, 60)) * HOUR,
                waits_for=Reason.DAY_LIMIT,
            )
        people.append(person)
    return people


@st.composite
def ledgers(draw: st.DrawFn) -> QuotaState:
    charges = [
        Charge(draw(st.sampled_from([Kind.GREET, Kind.VISIT])), f"old {n}", at, "a")
        for n, at in enumerate(draw(st.lists(instants, max_size=8)))
    ]
    return QuotaState(tuple(charges))


def overrun(told: Forecast, allowance: Allowance, books: QuotaState) -> str | None:
    """Count anew, naively, what had been used at each greeting of the forecast; return what was too much."""

    def local(at: datetime) -> datetime:
        return at.astimezone(allowance.zone)

    done = [(charge.kind, charge.at, charge.run_id) for charge in books.charges]
    order = sorted((one for one in told.people if one.reached_at), key=lambda one: str(one.reached_at))
    last: datetime | None = None
    for one in order:
        at = one.reached_at
        assert at is not None
        context = allowance.context(at, "")
        in_force, totals = context.limits, context.totals
        today = [(kind, run) for kind, then, run in done if local(then).date() == local(at).date()]
        week = [kind for kind, then, _ in done if at - then < WEEK]
        by_kind = Counter(kind for kind, _ in today)
        kept = sum(max(0, context.shares[kind] - by_kind[kind]) for kind in (Kind.VISIT, Kind.COLLECT))
        wall = timedelta(hours=local(at).hour, minutes=local(at).minute, seconds=local(at).second)
        run = one.person.campaign
        checks = {
            "run": run is not None and today.count((Kind.GREET, run)) >= in_force.per_run,
            "day": by_kind[Kind.GREET] >= in_force.per_day,
            "week": week.count(Kind.GREET) >= in_force.per_week,
            "all day": len(today) + kept >= totals.per_day,
            "all week": len(week) >= totals.per_week,
            "gap": last is not None and at - last < (in_force.gap_min + in_force.gap_max) / 2,
            "hours": not in_force.hours.opens <= wall < in_force.hours.closes,
            "days": local(at).weekday() not in in_force.hours.days,
            "pause": allowance.paused_until is not None and at < allowance.paused_until,
        }
        if any(checks.values()):
            return f"{one}: {[name for name, broken in checks.items() if broken]}"
        done.append((Kind.GREET, at, run))
        last = at
    return None


@given(crowds(), allowances(), ledgers())
def test_no_window_holds_more_than_it_may_at_any_instant(
    people: list[ExpectedAction], allowance: Allowance, books: QuotaState
) -> None:
    assert overrun(played(people, allowance, books), allowance, books) is None


@given(crowds(), allowances(), ledgers())
def test_everybody_is_told_of_once_and_nobody_is_reached_before_or_too_long_after_the_birthday(
    people: list[ExpectedAction], allowance: Allowance, books: QuotaState
) -> None:
    told = played(people, allowance, books)
    assert sorted(one.person.contact_id for one in told.people) == [p.contact_id for p in people]
    for one in told.people:
        assert (one.reached_at is None) is (one.reached_on is None)
        if one.reached_at is not None and one.reached_on is not None:
            assert one.reached_at >= max(NOON, one.person.not_before or NOON)
            assert one.reached_on == one.reached_at.astimezone(allowance.zone).date()
            assert one.person.on <= one.reached_on <= one.person.until


@given(crowds(), allowances(), ledgers())
def test_who_is_late_or_missed_and_was_not_late_before_has_a_reason(
    people: list[ExpectedAction], allowance: Allowance, books: QuotaState
) -> None:
    today = NOON.astimezone(allowance.zone).date()
    for one in played(people, allowance, books).people:
        if one.reached_at is not None and not one.days_late:
            assert one.held_back is None
        elif one.person.on >= today:
            assert one.held_back is not None
        elif one.reached_on is None:
            assert one.held_back is not None or one.person.until < today


@given(crowds(), allowances(), ledgers())
def test_a_day_s_sum_is_what_is_used_and_reached_on_it(
    people: list[ExpectedAction], allowance: Allowance, books: QuotaState
) -> None:
    told = played(people, allowance, books)
    by_day = Counter(one.reached_on for one in told.people)
    before = Counter(
        charge.at.astimezone(allowance.zone).date() for charge in books.charges if charge.kind is Kind.GREET
    )
    assert [day.on for day in told.days] == sorted(day.on for day in told.days)
    assert {day.on: day.used for day in told.days} == {
        day.on: by_day[day.on] + before[day.on] for day in told.days
    }
    assert {one.reached_on for one in told.people} - {None} <= {day.on for day in told.days}


@given(crowds())
def test_without_limits_everybody_is_reached_on_the_day_or_at_once(people: list[ExpectedAction]) -> None:
    people = [replace(person, not_before=None) for person in people]
    for one in played(people, an_allowance()).people:
        assert one.reached_on == max(one.person.on, MONDAY)


def reached(told: Forecast, by: datetime) -> int:
    return sum(one.reached_at is not None and one.reached_at <= by for one in told.people)


@given(crowds(), limits(), st.sampled_from(["per_run", "per_day", "per_week"]))
def test_where_nobody_is_missed_a_raised_limit_never_leaves_fewer_reached_by_any_time(
    people: list[ExpectedAction], low: Limits, raised: str
) -> None:
    people = [replace(person, until=MONDAY + 400 * DAY, campaign=None) for person in people]
    low = replace(low, per_run=low.per_run + 1, per_day=low.per_day + 1, per_week=low.per_week + 2)
    high = replace(low, **{raised: getattr(low, raised) + 1})
    if high.per_day > high.per_week:
        high = replace(high, per_week=high.per_day)
    before, after = (played(people, an_allowance(limits)) for limits in (low, high))
    for one in before.people:
        assert one.reached_at is not None
        assert reached(after, one.reached_at) >= reached(before, one.reached_at)


def test_a_raised_limit_can_make_one_person_later_because_another_was_greeted_in_time() -> None:
    people = [born(1, late=9), born(2, late=9), born(3, MONDAY + DAY, late=9)]
    low, high = (
        played(people, an_allowance(replace(FREE, per_day=day, per_week=2, per_run=9))) for day in (1, 2)
    )
    assert ends(low) == {1: (0, None), 3: (0, None), 2: (7, Reason.DAY_LIMIT)}
    assert ends(high) == {1: (0, None), 2: (0, None), 3: (6, Reason.WEEK_LIMIT)}


def test_planned_ones_go_first_then_today_s_then_the_latest_birthday() -> None:
    limits = Limits(9, 9, 9, HOUR, HOUR)
    yesterday, before = MONDAY - DAY, MONDAY - 2 * DAY
    people = [born(1, before), born(2, yesterday), born(3), born(4, before, campaign="a", not_before=NOON)]
    told = sorted(played(people, an_allowance(limits)).people, key=lambda one: str(one.reached_at))
    assert [one.person.contact_id for one in told] == [4, 3, 2, 1]
    assert [one.reached_at for one in told] == [NOON + n * HOUR for n in range(4)]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (replace(FREE, per_day=1), Reason.DAY_LIMIT),
        (replace(FREE, per_run=1), Reason.RUN_LIMIT),
        (replace(FREE, gap_min=13 * HOUR, gap_max=13 * HOUR), Reason.GAP),
        (Limits(9, 9, 9, 2 * HOUR, 2 * HOUR, Hours(closes=13 * HOUR)), Reason.OUTSIDE_HOURS),
    ],
)  # fmt: skip
def test_what_holds_the_second_back_is_told(limits: Limits, reason: Reason) -> None:
    assert ends(played([born(1), born(2)], an_allowance(limits))) == {1: (0, None), 2: (1, reason)}


def test_the_week_s_limit_makes_one_late_and_one_missed() -> None:
    used = QuotaState(tuple(Charge(Kind.GREET, str(n), NOON - (6 - n) * DAY) for n in range(2)))
    people = [born(1), born(2)]
    told = played(people, an_allowance(replace(FREE, per_week=2, per_day=2)), used)
    assert ends(told) == {1: (1, Reason.WEEK_LIMIT), 2: (2, Reason.WEEK_LIMIT)}
    short = played(
        [born(1, late=1), born(2, late=1)], an_allowance(replace(FREE, per_week=2, per_day=2)), used
    )
    assert ends(short) == {1: (1, Reason.WEEK_LIMIT), 2: (None, Reason.WEEK_LIMIT)}


def test_a_birthday_on_a_weekend_waits_for_the_working_days() -> None:
    weekdays = an_allowance(replace(FREE, hours=Hours(7 * HOUR, 19 * HOUR, WEEKDAYS)))
    saturday = MONDAY + 5 * DAY
    told = played([born(1, saturday), born(2, saturday, late=1)], weekdays)
    assert ends(told) == {1: (2, Reason.OUTSIDE_HOURS), 2: (None, Reason.OUTSIDE_HOURS)}
    assert told.people[0].reached_at == datetime(2027, 6, 14, 7, tzinfo=UTC)


def test_who_is_late_already_and_reached_at_once_was_held_back_by_nothing() -> None:
    assert ends(played([born(1, MONDAY - 2 * DAY)], an_allowance())) == {1: (2, None)}


def test_a_run_goes_on_with_its_rest_beside_the_next_day_s() -> None:
    people = [born(1), born(2), born(3, MONDAY + DAY), born(4, MONDAY + DAY)]
    told = played(people, an_allowance(replace(FREE, per_run=1)))
    assert ends(told)[2] == ends(told)[4] == (1, Reason.RUN_LIMIT)
    assert [day.used for day in told.days][:3] == [1, 2, 1]


def test_a_full_run_holds_no_other_run_up() -> None:
    people = [born(1, campaign="a"), born(2, campaign="a"), born(3, campaign="b")]
    told = played(people, an_allowance(replace(FREE, per_run=1)))
    assert ends(told) == {1: (0, None), 3: (0, None), 2: (1, Reason.RUN_LIMIT)}


def test_a_full_run_s_rest_comes_in_turn_on_the_next_day_also_where_others_wait() -> None:
    people = [born(n, campaign="a" if n < 4 else "b") for n in range(1, 6)]
    told = ends(played(people, an_allowance(replace(FREE, per_run=2, per_day=2))))
    assert told[3] == (1, Reason.RUN_LIMIT)
    assert told[4] == (1, Reason.DAY_LIMIT)
    assert told[5] == (2, Reason.DAY_LIMIT)


def test_the_ramp_lets_more_through_from_week_to_week() -> None:
    allowance = an_allowance(replace(FREE, per_day=6), warm_up_on=MONDAY - 6 * DAY)
    told = played([born(n, MONDAY + n % 2 * DAY) for n in range(12)], allowance)
    assert told.days[:4] == (
        DayUsage(MONDAY, 2, 2), DayUsage(MONDAY + DAY, 3, 3),
        DayUsage(MONDAY + 2 * DAY, 3, 3), DayUsage(MONDAY + 3 * DAY, 3, 3),
    )  # fmt: skip


def test_a_cut_ends_in_the_middle_of_a_day_and_a_pause_is_waited_for() -> None:
    limits = replace(FREE, per_day=3)
    cut = an_allowance(limits, cut_until=NOON + 2 * HOUR)
    told = played([born(n) for n in range(3)], cut)
    assert [one.reached_at for one in told.people] == [NOON, NOON, NOON + 2 * HOUR]
    paused = an_allowance(limits, paused_until=NOON + DAY)
    assert ends(played([born(1)], paused)) == {1: (1, Reason.LIMIT_PAGE)}


def test_other_kinds_eat_no_share_that_is_kept_for_greetings() -> None:
    visits = QuotaState(tuple(Charge(Kind.VISIT, str(n), NOON - HOUR) for n in range(5)))
    shared = an_allowance(totals=Totals(5, 100))
    assert ends(played([born(1)], shared, visits)) == {1: (1, Reason.ALL_DAY_LIMIT)}
    week = an_allowance(totals=Totals(6, 6))
    told = played([born(1), born(2)], week, visits)
    assert ends(told) == {1: (0, None), 2: (None, Reason.ALL_WEEK_LIMIT)}


def test_an_open_breaker_is_waited_for_and_closed_by_the_first() -> None:
    books = QuotaState(breakers={Kind.GREET: Breaker(3, 1, NOON + 4 * HOUR)})
    told = played([born(1), born(2)], an_allowance(), books)
    assert [one.reached_at for one in told.people] == [NOON + 4 * HOUR] * 2


def test_those_after_the_last_day_compete_but_are_not_told_of() -> None:
    people = [born(1), born(2), born(3, MONDAY + DAY)]
    told = played(people, an_allowance(replace(FREE, per_day=1)), last=MONDAY)
    assert ends(told) == {1: (0, None), 2: (2, Reason.DAY_LIMIT)}
    assert [day.used for day in told.days] == [1, 1, 1]


def test_nobody_comes_to_nothing() -> None:
    told = played([], an_allowance(replace(FREE, per_day=0, per_week=0)), last=MONDAY + DAY)
    assert told == Forecast((), (DayUsage(MONDAY, 0, 0), DayUsage(MONDAY + DAY, 0, 0)))


@pytest.mark.parametrize(
    ("days_ago", "share"),
    [(None, Fraction(1)), (0, Fraction(1, 3)), (7, Fraction(1, 2)), (14, Fraction(4, 5)), (21, Fraction(1))],
)
def test_the_limits_in_force_are_a_share_of_the_account_s_own(days_ago: int | None, share: Fraction) -> None:
    began = MONDAY - days_ago * DAY if days_ago is not None else None
    context = an_allowance(warm_up_on=began).context(NOON, "run")
    assert context.limits.per_day == int(1000 * share)
    assert context.totals.per_week == int(70_000 * share)
    assert (context.run_id, context.account_id, context.kind) == ("run", 1, Kind.GREET)
