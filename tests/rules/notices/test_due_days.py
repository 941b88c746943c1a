"""When digests are due, by each account's clock; and for how long conditions must last."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from worker.rules.notices.due_days import find_due_day
from worker.rules.notices.lasting import Lasting

PARIS, TOKYO = ZoneInfo("Europe/Paris"), ZoneInfo("Asia/Tokyo")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
"""Days on which the clocks change in Paris."""


@pytest.mark.parametrize(
    ("utc", "zone", "at", "due"),
    [
        ("2026-07-01T04:59:59", PARIS, "07:00", None),
        ("2026-07-01T05:00:00", PARIS, "07:00", date(2026, 7, 1)),
        ("2026-01-01T05:30:00", PARIS, "07:00", None),  # winter: an hour later in UTC
        ("2026-01-01T06:00:00", PARIS, "07:00", date(2026, 1, 1)),
        ("2026-01-01T10:59:59", PARIS, "07:00", date(2026, 1, 1)),  # the notifier was down
        ("2026-01-01T11:00:00", PARIS, "07:00", None),  # too late to be news
        ("2026-06-30T22:00:00", TOKYO, "07:00", date(2026, 7, 1)),  # its own day
        ("2026-07-01T23:30:00", PARIS, "22:00", date(2026, 7, 1)),  # after midnight, of the day before
        ("2026-03-29T00:59:59", PARIS, "02:30", None),
        ("2026-03-29T01:30:00", PARIS, "02:30", SPRING),  # a time that the day doesn't have
        ("2026-03-29T04:00:00", PARIS, "00:30", SPRING),  # five hours later, of which the clock skips one
        ("2026-10-25T00:29:00", PARIS, "02:30", None),
        ("2026-10-25T00:30:00", PARIS, "02:30", AUTUMN),  # the first time
        ("2026-10-25T01:30:00", PARIS, "02:30", AUTUMN),  # the second: the same day
    ],
)
def test_a_digest_is_due_at_its_time_on_the_account_s_clock(
    utc: str, zone: ZoneInfo, at: str, due: date | None
) -> None:
    now = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert find_due_day(now, zone, time.fromisoformat(at)) == due


def test_a_condition_lasts_only_without_a_break() -> None:
    lasting = Lasting[str](after_s=10)
    assert lasting.update(["a"], 0) == []
    assert lasting.update(["a", "b"], 9) == []
    assert lasting.update(["a", "b"], 10) == ["a"]
    assert lasting.update(["b"], 11) == []
    assert lasting.update(["a", "b"], 20) == ["b"]
