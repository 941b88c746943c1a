from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.quota.windows import WEEKDAYS, Hours, Span, local_day, opening

ZONES = [ZoneInfo(name) for name in sorted(available_timezones())]

# Not before 2012: until 2011 the clocks of Newfoundland went back over midnight, one minute after it.
INSTANTS = st.datetimes(
    datetime(2012, 1, 1),  # noqa: DTZ001 -- Hypothesis adds the zone
    datetime(2040, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(INSTANTS, st.sampled_from(ZONES))
def test_a_day_holds_now_and_is_one_calendar_date(now: datetime, zone: ZoneInfo) -> None:
    day = local_day(now, zone)
    assert day.start <= now < day.end
    assert day.start.tzinfo is UTC
    last = day.end - timedelta(microseconds=1)
    assert (
        day.start.astimezone(zone).date()
        == now.astimezone(zone).date()
        == last.astimezone(zone).date()
        != day.end.astimezone(zone).date()
    )


@given(INSTANTS, st.sampled_from(ZONES))
def test_days_follow_each_other_without_gap_or_overlap(now: datetime, zone: ZoneInfo) -> None:
    day = local_day(now, zone)
    assert local_day(day.end, zone).start == day.end
    assert local_day(day.start - timedelta(microseconds=1), zone).end == day.start
    assert local_day(day.start, zone) == local_day(day.end - timedelta(microseconds=1), zone) == day


@pytest.mark.parametrize(
    ("zone", "noon", "start", "hours"),
    [
        ("Europe/Paris", "2027-01-15", "2027-01-14T23:00Z", 24.0),
        ("Europe/Paris", "2027-03-28", "2027-03-27T23:00Z", 23.0),
        ("Europe/Paris", "2027-10-31", "2027-10-30T22:00Z", 25.0),
        ("America/New_York", "2027-03-14", "2027-03-14T05:00Z", 23.0),
        ("America/New_York", "2027-11-07", "2027-11-07T04:00Z", 25.0),
        # a shift of half an hour
        ("Australia/Lord_Howe", "2027-04-04", "2027-04-03T13:00Z", 24.5),
        ("Australia/Lord_Howe", "2027-10-03", "2027-10-02T13:30Z", 23.5),
        # 12:45 and 13:45 ahead
        ("Pacific/Chatham", "2027-01-15", "2027-01-14T10:15Z", 24.0),
        ("Pacific/Chatham", "2027-04-04", "2027-04-03T10:15Z", 25.0),
        ("Pacific/Chatham", "2027-09-26", "2027-09-25T11:15Z", 23.0),
        # 00:00 does not exist: the day begins at 01:00
        ("Africa/Cairo", "2027-04-30", "2027-04-29T22:00Z", 23.0),
        # 23:00 to 24:00 comes twice
        ("Africa/Cairo", "2027-10-28", "2027-10-27T21:00Z", 25.0),
        # 00:00 comes twice: the day begins with the earlier one
        ("America/Havana", "2027-11-07", "2027-11-07T04:00Z", 25.0),
        # 30 December 2011 never was
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00Z", 24.0),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00Z", 24.0),
    ],
)
def test_a_day_is_as_long_as_its_zone_makes_it(zone: str, noon: str, start: str, hours: float) -> None:
    place = ZoneInfo(zone)
    day = local_day(datetime.fromisoformat(f"{noon}T12:00").replace(tzinfo=place), place)
    assert day.start == datetime.fromisoformat(start)
    assert day.end - day.start == timedelta(hours=hours)


def test_the_two_passes_of_one_hour_lie_in_the_same_day() -> None:
    zone = ZoneInfo("Europe/Paris")
    first = datetime(2027, 10, 31, 2, 30, tzinfo=zone)
    second = first.replace(fold=1)
    assert second.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=1)
    assert local_day(first, zone) == local_day(second, zone)


HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
HOURS = st.builds(
    lambda opens, length, days: Hours(opens * QUARTER, min(opens + length, 96) * QUARTER, days),
    st.integers(0, 95),
    st.integers(1, 96),
    st.frozensets(st.integers(0, 6), min_size=1),
)
CHANGING = st.sampled_from([
    "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham", "Africa/Cairo",
    "America/Havana",
])  # fmt: skip


def is_open(instant: datetime, hours: Hours, zone: ZoneInfo) -> bool:
    """Return whether it is open by wall time; a time that occurs twice counts at its first occurrence."""
    wall = instant.astimezone(zone)
    since_midnight = wall.replace(tzinfo=None) - datetime.combine(wall.date(), datetime.min.time())
    return wall.weekday() in hours.days and hours.opens <= since_midnight < hours.closes and wall.fold == 0


@given(INSTANTS, CHANGING, HOURS)
def test_an_opening_holds_now_or_comes_next(now: datetime, place: str, hours: Hours) -> None:
    zone = ZoneInfo(place)
    span = opening(now, hours, zone)
    assert span.start < span.end
    assert now < span.end
    assert span.start - now < timedelta(days=15)
    assert span.start.astimezone(zone).weekday() in hours.days
    if span.start > now:
        assert not is_open(now, hours, zone)


@given(INSTANTS.map(lambda at: at.replace(minute=0, second=0, microsecond=0)), CHANGING, HOURS)
def test_nothing_is_open_between_now_and_the_next_opening(now: datetime, place: str, hours: Hours) -> None:
    zone = ZoneInfo(place)
    span = opening(now, hours, zone)
    at = now
    while at < min(span.start, now + timedelta(days=3)):
        assert not is_open(at, hours, zone)
        at += QUARTER


@pytest.mark.parametrize(
    ("zone", "now", "opens", "closes", "start", "end"),
    [
        # a usual day, in summer and in winter
        ("Europe/Paris", "2027-07-05T03:00Z", 7.0, 19.0, "2027-07-05T05:00Z", "2027-07-05T17:00Z"),
        ("Europe/Paris", "2027-01-05T19:00Z", 7.0, 19.0, "2027-01-06T06:00Z", "2027-01-06T18:00Z"),
        # 02:00 to 03:00 is missing: 02:15 to 02:45 doesn't happen that day
        ("Europe/Paris", "2027-03-28T00:30Z", 2.25, 2.75, "2027-03-29T00:15Z", "2027-03-29T00:45Z"),
        # ... and 02:15 to 04:00 begins when the clock jumps
        ("Europe/Paris", "2027-03-28T00:30Z", 2.25, 4.0, "2027-03-28T01:00Z", "2027-03-28T02:00Z"),
        ("Europe/Paris", "2027-03-28T00:30Z", 2.1, 4.0, "2027-03-28T01:00Z", "2027-03-28T02:00Z"),
        # at closing time the next day's come
        ("Europe/Paris", "2027-07-05T17:00Z", 7.0, 19.0, "2027-07-06T05:00Z", "2027-07-06T17:00Z"),
        # 02:00 to 03:00 comes twice: it counts where it comes first
        ("Europe/Paris", "2027-10-30T23:30Z", 2.25, 2.75, "2027-10-31T00:15Z", "2027-10-31T00:45Z"),
        ("Europe/Paris", "2027-10-31T01:20Z", 2.25, 2.75, "2027-11-01T01:15Z", "2027-11-01T01:45Z"),
        # half an hour is missing
        ("Australia/Lord_Howe", "2027-10-02T15:00Z", 2.25, 3.0, "2027-10-02T15:30Z", "2027-10-02T16:00Z"),
        # the day begins at 01:00
        ("Africa/Cairo", "2027-04-29T20:00Z", 0.5, 2.0, "2027-04-29T22:00Z", "2027-04-29T23:00Z"),
    ],
)
def test_working_hours_where_the_clocks_change(
    *, zone: str, now: str, opens: float, closes: float, start: str, end: str
) -> None:
    span = opening(datetime.fromisoformat(now), Hours(opens * HOUR, closes * HOUR), ZoneInfo(zone))
    assert span == Span(datetime.fromisoformat(start), datetime.fromisoformat(end))


def test_a_working_day_that_a_gap_takes_leaves_the_one_a_week_later() -> None:
    hours = Hours(2.25 * HOUR, 2.75 * HOUR, frozenset({6}))  # on Sundays, and the clocks change on 28 March
    span = opening(datetime(2027, 3, 21, 2, tzinfo=UTC), hours, ZoneInfo("Europe/Paris"))
    assert span.start == datetime(2027, 4, 4, 0, 15, tzinfo=UTC)


def test_the_day_on_which_hours_are_looked_for_is_the_zone_s() -> None:
    saturdays = Hours(days=frozenset({5}))
    now = datetime(2027, 7, 2, 13, tzinfo=UTC)  # Saturday the 3rd in Auckland
    assert opening(now, saturdays, ZoneInfo("Pacific/Auckland")).start == now - HOUR
    now = datetime(2027, 7, 4, 3, tzinfo=UTC)  # still Saturday the 3rd in New York
    assert opening(now, saturdays, ZoneInfo("America/New_York")).end == now + HOUR


def test_hours_may_be_a_whole_day_and_days_go_from_monday_to_sunday() -> None:
    assert Hours(0 * HOUR, 24 * HOUR) == Hours()
    assert Hours().days == frozenset(range(7))
    monday, sunday = datetime(2027, 7, 5, 12, tzinfo=UTC), datetime(2027, 7, 4, 12, tzinfo=UTC)
    for day, number in ((monday, 0), (sunday, 6)):
        assert opening(day, Hours(days=frozenset({number})), ZoneInfo("UTC")).start <= day


def test_on_weekdays_friday_evening_waits_for_monday() -> None:
    hours = Hours(7 * HOUR, 19 * HOUR, WEEKDAYS)
    span = opening(datetime(2027, 7, 2, 20, tzinfo=UTC), hours, ZoneInfo("UTC"))
    assert span.start == datetime(2027, 7, 5, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: Hours(HOUR, HOUR), "opening < closing"),
        (lambda: Hours(-HOUR, HOUR), "opening"),
        (lambda: Hours(HOUR, 25 * HOUR), "24:00"),
        (lambda: Hours(days=frozenset()), "at least one day"),
        (lambda: Hours(days=frozenset({7})), "Sunday"),
        (lambda: Hours(2 * HOUR, HOUR), "opening < closing"),
    ],
)
def test_hours_that_never_open_are_refused(wrong: Callable[[], Hours], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        wrong()
