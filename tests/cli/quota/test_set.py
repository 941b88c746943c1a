"""`rapport quota set` and `warm-up`: what they change and leave alone, and what they refuse."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from db.engine import Database
from db.store.quota import limits
from db.tables import Account
from tests.builders import action, an_account, database_now
from tests.cli.conftest import Rapport
from tests.cli.quota.helpers import HOUR, MINUTE, SECOND, TEN, add_denied, configured_limits
from worker.errors import Reason, RequestRefusedError
from worker.rules.model import Kind
from worker.rules.quota.limits import DEFAULT_QUOTA, PRACTICE_QUOTA, Limits, Totals
from worker.rules.quota.notation import parse_days, parse_duration, parse_gap, parse_hours
from worker.rules.quota.windows import ALL_WEEK, WEEKDAYS, Hours


def test_set_changes_only_what_is_given_and_says_from_what_to_what(
    database: Database, rapport: Rapport, account_id: int
) -> None:
    said = rapport("quota", "set", "demo", "greet", "--per-day", "8", "--gap", "2m-4m")
    assert said == (
        "demo, greet: a day 10 → 8, gap 90s-180s → 120s-240s; it applies from the next decision on\n"
    )
    expected = Limits(15, 8, 50, 2 * MINUTE, 4 * MINUTE, reserved_per_day=4)
    assert configured_limits(database, account_id) == expected
    said = rapport("quota", "set", "demo", "greet", "--hours", "07:00-19:30", "--days", "mon-fri")
    assert "hours 00:00-24:00 → 07:00-19:30, days every day → mon-fri" in said
    hours = Hours(7 * HOUR, 19 * HOUR + 30 * MINUTE, WEEKDAYS)
    assert configured_limits(database, account_id).hours == hours
    rapport("quota", "set", "demo", "greet", "--gap-max", "5m", "--reserve", "2", "--per-run", "3")
    assert configured_limits(database, account_id) == Limits(
        3, 8, 50, 2 * MINUTE, 5 * MINUTE, hours, reserved_per_day=2
    )
    assert "already set" in rapport("quota", "set", "demo", "greet", "--per-run", "3")
    assert configured_limits(database, account_id, Kind.VISIT) == PRACTICE_QUOTA.limits[Kind.VISIT]
    assert "a day 20 → 30" in rapport("quota", "set", "demo", "all", "--per-day", "30")
    with database.transaction() as session:
        assert limits.get_configured_totals(session, account_id) == Totals(30, 100)


def test_a_share_that_is_kept_follows_a_day_that_is_lowered_below_it(
    database: Database, rapport: Rapport, account_id: int
) -> None:
    said = rapport("quota", "set", "demo", "greet", "--per-day", "3")
    assert "a day 10 → 3, reserved each day 4 → 3" in said
    assert configured_limits(database, account_id).reserved_per_day == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("greet",), "nothing to change: give a limit"),
        (("greet", "--per-day", "60"), "a day's limit (60) above the week's (50)"),
        (("greet", "--reserve", "11"), "a reserved share (11) above the day's limit (10)"),
        (("greet", "--gap", "3m-1m"), "0 <= shortest <= longest"),
        (("greet", "--gap", "soon"), "'soon' isn't a duration: write 90s, 2m or 1h"),
        (("greet", "--gap", "1m", "--gap-min", "1s"), "either --gap, or --gap-min and --gap-max"),
        (("greet", "--hours", "19:00-07:00"), "working hours need 00:00 <= opening < closing <= 24:00"),
        (("greet", "--hours", "7 to 19"), "'7 to 19' aren't hours"),
        (("greet", "--hours", "07:60-19:00"), "'07:60' isn't a time of day"),
        (("greet", "--days", "mon-payday"), "'payday' isn't a day"),
        (("all", "--per-run", "5"), "all kinds together have only --per-day and --per-week"),
        (("all", "--per-day", "5", "--gap", "5s"), "all kinds together have only --per-day and --per-week"),
        (("all", "--per-day", "101"), "a day's limit (101) above the week's (100)"),
    ],
)
def test_limits_that_cannot_hold_are_refused_and_nothing_is_changed(
    database: Database, rapport: Rapport, account_id: int, arguments: tuple[str, ...], says: str
) -> None:
    assert says in rapport.refused("quota", "set", "demo", *arguments)
    assert configured_limits(database, account_id) == TEN
    with database.transaction() as session:
        assert limits.get_configured_totals(session, account_id) == Totals(20, 100)


def test_a_hard_ceiling_of_the_site_is_named_and_holds(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        account_id = an_account(session, "ann", limits=TEN).id
        session.execute(update(Account).values(site="linkedin"))
    refused = rapport.refused("quota", "set", "ann", "greet", "--per-day", "31", "--per-week", "100")
    assert refused == "greet: 31 a day is above the hard ceiling of 30"
    assert "551 in 7 days is above the hard ceiling of 550" in rapport.refused(
        "quota", "set", "ann", "all", "--per-week", "551"
    )
    assert configured_limits(database, account_id) == TEN
    assert configured_limits(database, account_id, Kind.VISIT) == DEFAULT_QUOTA.limits[Kind.VISIT]


def test_whoever_the_quota_told_to_wait_asks_again_and_nobody_else(
    database: Database, rapport: Rapport, account_id: int
) -> None:
    waits = add_denied(database, account_id)
    assert "1 waiting action will ask the quota again" in rapport(
        "quota", "set", "demo", "greet", "--per-day", "9"
    )
    with database.transaction() as session:
        row = action(session, waits)
        assert (row.state, row.reason, row.not_before <= database_now(session)) == (
            "planned", Reason.DAY_LIMIT, True,
        )  # fmt: skip
        row.not_before += HOUR
    assert "ask the quota again" not in rapport("quota", "set", "demo", "visit", "--per-day", "9")
    assert "ask the quota again" in rapport("quota", "reset", "demo", "greet")
    with database.transaction() as session:
        row = action(session, waits)
        row.reason, row.not_before = Reason.SITE_UNREACHABLE, row.not_before + HOUR
    assert "ask the quota again" not in rapport("quota", "warm-up", "demo", "--from", "today")


def test_warm_up_begins_on_a_day_that_has_come_or_is_skipped(
    database: Database, rapport: Rapport, account_id: int
) -> None:
    with database.transaction() as session:
        today = database_now(session).date()
    assert "week 1 of 3: a third of the limits" in rapport("quota", "warm-up", "demo", "--from", "today")
    assert "3 a day" in rapport("quota", "set", "demo", "greet", "--per-week", "60")
    begun = str(today - timedelta(days=15))
    assert "week 3 of 3: four fifths" in rapport("quota", "warm-up", "demo", "--from", begun)
    assert "week 3 of 3" in rapport("quota", "show", "demo").splitlines()[1]
    assert "none: the limits apply in full" in rapport("quota", "warm-up", "demo", "--skip")
    ended = str(today - timedelta(days=21))
    assert f"over since {today}" in rapport("quota", "warm-up", "demo", "--from", ended)
    for arguments, says in (
        ((), "give either --from DATE"),
        (("--skip", "--from", "today"), "give either --from DATE"),
        (("--from", "soon"), "'soon' isn't a date"),
        (("--from", str(today + timedelta(days=2))), "is in the future"),
        (("--from", "0001-01-01"), "is before 1900"),
    ):
        assert says in rapport.refused("quota", "warm-up", "demo", *arguments)


def test_gaps_hours_and_days_are_read_as_people_write_them() -> None:
    assert (parse_duration("90"), parse_duration("1.5m"), parse_duration("2 h")) == (
        90 * SECOND,
        90 * SECOND,
        2 * HOUR,
    )
    assert parse_gap("90s-3m") == (90 * SECOND, 3 * MINUTE)
    assert parse_gap("2s") == (2 * SECOND, 2 * SECOND)
    assert parse_hours("7-19:30") == (7 * HOUR, 19 * HOUR + 30 * MINUTE)
    assert parse_days("Mon-Friday") == WEEKDAYS
    assert parse_days("sat, sun") == frozenset({5, 6})
    assert parse_days("fri-mon") == frozenset({4, 5, 6, 0})
    assert parse_days("every day") == parse_days("mon-sun") == ALL_WEEK
    for wrong in ("", "1d", "-5"):
        with pytest.raises(RequestRefusedError):
            parse_duration(wrong)
