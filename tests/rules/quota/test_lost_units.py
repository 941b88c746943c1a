"""What a restored backup has lost counts as used, as far as it may have been, and no further."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.ledger_gap import LedgerGap
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits
from worker.rules.quota.lost_units import assume_lost_units
from worker.rules.quota.model import Charge

UTC_ZONE = ZoneInfo("UTC")
NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def limits(per_day: int, gap: timedelta) -> dict[Kind, Limits]:
    return {Kind.GREET: Limits(per_day, per_day, per_day * 7, gap, gap)}


def count(
    since: datetime, until: datetime, *known: datetime, per_day: int = 15, gap: timedelta = HOUR
) -> list[int]:
    """Return how many lost units are assumed on each day."""
    charges = [Charge(Kind.GREET, str(number), at) for number, at in enumerate(known)]
    found = assume_lost_units([LedgerGap(since, until)], charges, limits(per_day, gap), UTC_ZONE)
    assert all(since <= charge.at <= until for charge in found)
    assert len({charge.reservation_id for charge in found}) == len(found)
    days = [charge.at.date() for charge in found]
    return [days.count(day) for day in sorted(set(days))]


def test_no_more_than_fits_into_the_time() -> None:
    assert count(NOON, NOON + 3 * HOUR) == [4]
    assert count(NOON, NOON + timedelta(minutes=1)) == [1]


def test_no_more_than_a_day_allows() -> None:
    assert count(NOON, NOON + 3 * HOUR, per_day=2) == [2]
    assert count(NOON, NOON + 3 * HOUR, gap=timedelta(0)) == [15]
    assert count(NOON, NOON + 3 * DAY) == [12, 15, 15, 13]


def test_what_was_used_before_the_backup_on_its_day_leaves_less() -> None:
    assert count(NOON, NOON + 3 * HOUR, *[NOON - HOUR] * 13) == [2]
    assert count(NOON, NOON + 3 * HOUR, *[NOON - DAY] * 13) == [4]


def test_what_was_found_meanwhile_is_not_assumed_again() -> None:
    assert count(NOON, NOON + 3 * HOUR, NOON + HOUR, NOON + 2 * HOUR) == [2]
    assert count(NOON, NOON + 3 * HOUR, *[NOON + HOUR] * 9) == []


def test_other_kinds_have_limits_of_their_own() -> None:
    visits = [Charge(Kind.VISIT, str(number), NOON + HOUR) for number in range(9)]
    gap = LedgerGap(NOON, NOON + 3 * HOUR)
    assert len(assume_lost_units([gap], visits, limits(15, HOUR), UTC_ZONE)) == 4


def test_without_a_restoration_nothing_is_assumed() -> None:
    assert assume_lost_units([], [], limits(15, HOUR), UTC_ZONE) == []


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/St_Johns", "UTC"])
@given(hours=st.integers(1, 100), used=st.lists(st.integers(0, 99), max_size=40), per_day=st.integers(0, 30))
def test_with_what_is_known_a_day_is_never_above_its_limit_by_assumption(
    zone: str, hours: int, used: list[int], per_day: int
) -> None:
    place = ZoneInfo(zone)
    known = [Charge(Kind.GREET, str(n), NOON + HOUR * at) for n, at in enumerate(used)]
    gap = LedgerGap(NOON, NOON + HOUR * hours)
    assumed = assume_lost_units([gap], known, limits(per_day, timedelta(minutes=5)), place)
    days = [charge.at.astimezone(place).date() for charge in assumed]
    before = [charge.at.astimezone(place).date() for charge in known]
    assert all(days.count(day) + before.count(day) <= per_day for day in set(days))
