from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.model import Kind
from worker.rules.windows import DEFAULT_LIMITS, Limits, local_day

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
        # half an hour only
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


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: Limits(-1, 1, 1, MINUTE, MINUTE), "negative"),
        (lambda: Limits(1, -1, 1, MINUTE, MINUTE), "negative"),
        (lambda: Limits(1, 1, -1, MINUTE, MINUTE), "negative"),
        (lambda: Limits(1, 8, 7, MINUTE, MINUTE), "8.*7"),
        (lambda: Limits(1, 1, 1, 2 * MINUTE, MINUTE), "shortest"),
        (lambda: Limits(1, 1, 1, -MINUTE, MINUTE), "shortest"),
    ],
)
def test_limits_that_contradict_themselves_are_refused(wrong: Callable[[], Limits], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        wrong()


def test_limits_may_close_a_window_altogether() -> None:
    assert Limits(0, 0, 0, timedelta(0), timedelta(0)).per_day == 0


def test_every_kind_has_defaults_within_the_ceilings_of_the_design() -> None:
    ceilings = {Kind.GREET: (30, 120), Kind.VISIT: (80, 400), Kind.COLLECT: (30, 150)}
    assert set(DEFAULT_LIMITS) == set(ceilings) == set(Kind)
    for kind, (day, week) in ceilings.items():
        assert DEFAULT_LIMITS[kind].per_day <= day
        assert DEFAULT_LIMITS[kind].per_week <= week
