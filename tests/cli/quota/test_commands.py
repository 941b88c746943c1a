"""`rapport quota`: what it shows, what it changes and leaves alone, and what it refuses."""

import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from api_stub.cli import formatting
from api_stub.cli.quota.parse import parse_days, parse_duration, parse_gap, parse_hours
from db.engine import Database
from db.store.people import accounts
from db.store.quota import epochs, ledger, limits
from db.tables import Account, Action, QuotaGate
from tasks.quota import Quota
from tests.builders import a_campaign, a_contact, action, add_planned, an_account, database_now
from tests.cli.conftest import Rapport
from worker import redis_address
from worker.errors import Reason, RequestRefusedError
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.limits import DEFAULT_QUOTA, PRACTICE_QUOTA, Limits, Totals
from worker.rules.quota.model import Verdict
from worker.rules.quota.windows import ALL_WEEK, WEEKDAYS, Hours

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
TEN = Limits(15, 10, 50, 90 * SECOND, 180 * SECOND, reserved_per_day=4)


@pytest.fixture
def account_id(database: Database) -> int:
    with database.transaction() as session:
        account_id = an_account(session, limits=TEN).id
        limits.set_totals(session, account_id, Totals(20, 100), by="tests")
        return account_id


@pytest.fixture
def used(database: Database, redis_url: str, account_id: int) -> Iterator[Quota]:
    """Three visits are reserved."""
    client = redis_quota.connect(redis_address.parse(redis_url))
    quota = Quota(database, RedisQuota(client), lease=HOUR)
    with database.transaction() as session:
        none = Limits(15, 12, 50, 0 * SECOND, 0 * SECOND)
        limits.set_limits(session, account_id, Kind.VISIT, none, by="tests")
    for n in range(3):
        assert quota.reserve(account_id, Kind.VISIT, "run", f"visit:{n}").decision.granted
    yield quota
    client.close()


def own(database: Database, account_id: int, kind: Kind = Kind.GREET) -> Limits:
    with database.transaction() as session:
        return limits.get_configured_limits(session, account_id, kind)


def one_waits(database: Database, account_id: int, reason: Reason = Reason.DAY_LIMIT) -> UUID:
    with database.transaction() as session:
        account = accounts.get_account(session, account_id)
        campaign_id = a_campaign(session, account)
        ann = a_contact(session, account, "ann", name="Ann [x]")
        action_id = add_planned(session, account, ann, campaign_id=campaign_id)
        row = action(session, action_id)
        row.reason, row.not_before = reason, row.not_before + 5 * HOUR
    return action_id


def test_show_tells_each_kind_s_windows_and_all_kinds_together(
    database: Database, rapport: Rapport, used: Quota, account_id: int
) -> None:
    one_waits(database, account_id)
    lines = rapport("quota", "show", "demo").splitlines()
    assert "told by Redis, which decides" in lines[2]
    visit = lines.index("visit  a visit would be let through now")
    assert lines[visit + 1].split() == ["day", "█" * 5 + "░" * 15, "3", "used", "9", "left", "of", "12"]
    assert lines[visit + 2].split()[2:] == ["█" + "░" * 19, "3", "used", "47", "left", "of", "50"]
    assert any("of all kinds   13 left today: 4 are kept for others" in line for line in lines)
    together = lines.index("all kinds together")
    assert lines[together + 1].split()[2:] == ["3", "used", "17", "left", "of", "20"]
    with database.transaction() as session:
        until = formatting.format_utc(database_now(session) + 5 * HOUR)[:13]
    assert any(
        f"Ann [x] waits until {until}" in line and "the day's limit is reached" in line for line in lines
    )


def test_show_keeps_to_its_width_and_to_ascii_where_it_must(
    rapport: Rapport, used: Quota, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("COLUMNS", "80")
    said = rapport("quota", "show", "demo")
    assert max(map(len, said.splitlines())) <= 80


def test_show_tells_the_same_as_json(rapport: Rapport, used: Quota) -> None:
    told = json.loads(rapport("quota", "show", "demo", "--json"))
    assert told["told_by"] == "redis"
    assert told["together"]["day"] == {"used": 3, "left": 17, "limit": 20}
    visit = told["kinds"]["visit"]
    assert visit["windows"]["day"] == {"used": 3, "left": 9, "limit": 12}
    assert visit["now"] == {"granted": True, "reason": None, "retry_at": None}
    assert visit["breaker"] == {"state": "closed", "failures": 0, "open_until": None}
    assert visit["left_of_all_day"] == 13


def test_show_tells_the_ledger_s_numbers_where_redis_cannot(
    rapport: Rapport, account_id: int, environment: pytest.MonkeyPatch
) -> None:
    assert "(a new account, a reset or a loss): told by the ledger" in rapport("quota", "show", "demo")
    environment.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    assert "Redis does not answer: told by the ledger. Postgres decides" in rapport("quota", "show", "demo")
    assert json.loads(rapport("quota", "show", "demo", "--json"))["told_by"] == "ledger_redis_away"


def test_a_window_that_was_lowered_below_its_use_says_how_much_is_used(
    database: Database, rapport: Rapport, used: Quota, account_id: int
) -> None:
    with database.transaction() as session:
        account = accounts.get_account(session, account_id)
        for n in range(3):
            add_planned(session, account, a_contact(session, account, f"p{n}"))
        session.execute(
            update(Action).values(acting_since=Action.created_at, acting_attempt=1, kind="withdraw")
        )
    rapport("quota", "reset", "demo")
    rapport("quota", "set", "demo", "withdraw", "--per-day", "2")
    assert used.remaining(account_id, Kind.WITHDRAW, "")[1].reason is Reason.DAY_LIMIT
    told = json.loads(rapport("quota", "show", "demo", "--json"))
    assert (told["told_by"], told["kinds"]["withdraw"]["windows"]["day"]) == (
        "redis", {"used": 3, "left": 0, "limit": 2},
    )  # fmt: skip
    assert told["together"]["day"]["used"] == 3


def test_set_changes_only_what_is_given_and_says_from_what_to_what(
    database: Database, rapport: Rapport, account_id: int
) -> None:
    said = rapport("quota", "set", "demo", "greet", "--per-day", "8", "--gap", "2m-4m")
    assert said == (
        "demo, greet: a day 10 → 8, gap 90s-180s → 120s-240s; it holds from the next decision on\n"
    )
    expected = Limits(15, 8, 50, 2 * MINUTE, 4 * MINUTE, reserved_per_day=4)
    assert own(database, account_id) == expected
    said = rapport("quota", "set", "demo", "greet", "--hours", "07:00-19:30", "--days", "mon-fri")
    assert "hours 00:00-24:00 → 07:00-19:30, days every day → mon-fri" in said
    hours = Hours(7 * HOUR, 19 * HOUR + 30 * MINUTE, WEEKDAYS)
    assert own(database, account_id).hours == hours
    rapport("quota", "set", "demo", "greet", "--gap-max", "5m", "--reserve", "2", "--per-run", "3")
    assert own(database, account_id) == Limits(3, 8, 50, 2 * MINUTE, 5 * MINUTE, hours, reserved_per_day=2)
    assert "it is so already" in rapport("quota", "set", "demo", "greet", "--per-run", "3")
    assert own(database, account_id, Kind.VISIT) == PRACTICE_QUOTA.limits[Kind.VISIT]
    assert "a day 20 → 30" in rapport("quota", "set", "demo", "all", "--per-day", "30")
    with database.transaction() as session:
        assert limits.get_configured_totals(session, account_id) == Totals(30, 100)


def test_a_share_that_is_kept_follows_a_day_that_is_lowered_below_it(
    database: Database, rapport: Rapport, account_id: int
) -> None:
    said = rapport("quota", "set", "demo", "greet", "--per-day", "3")
    assert "a day 10 → 3, kept for it each day 4 → 3" in said
    assert own(database, account_id).reserved_per_day == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("greet",), "nothing to change: give a limit"),
        (("greet", "--per-day", "60"), "a day's limit (60) above the week's (50)"),
        (("greet", "--reserve", "11"), "a reserved share (11) above the day's limit (10)"),
        (("greet", "--gap", "3m-1m"), "0 <= shortest <= longest"),
        (("greet", "--gap", "soon"), "'soon' is no duration: write 90s, 2m or 1h"),
        (("greet", "--gap", "1m", "--gap-min", "1s"), "either --gap, or --gap-min and --gap-max"),
        (("greet", "--hours", "19:00-07:00"), "working hours need 00:00 <= opening < closing <= 24:00"),
        (("greet", "--hours", "7 to 19"), "'7 to 19' are no hours"),
        (("greet", "--hours", "07:60-19:00"), "'07:60' is no time of day"),
        (("greet", "--days", "mon-payday"), "'payday' is no day"),
        (("all", "--per-run", "5"), "all kinds together have only --per-day and --per-week"),
        (("all", "--per-day", "5", "--gap", "5s"), "all kinds together have only --per-day and --per-week"),
        (("all", "--per-day", "101"), "a day's limit (101) above the week's (100)"),
    ],
)
def test_limits_that_cannot_hold_are_refused_and_nothing_is_changed(
    database: Database, rapport: Rapport, account_id: int, arguments: tuple[str, ...], says: str
) -> None:
    assert says in rapport.refused("quota", "set", "demo", *arguments)
    assert own(database, account_id) == TEN
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
    assert own(database, account_id) == TEN
    assert own(database, account_id, Kind.VISIT) == DEFAULT_QUOTA.limits[Kind.VISIT]


def test_whoever_the_quota_told_to_wait_asks_again_and_nobody_else(
    database: Database, rapport: Rapport, account_id: int
) -> None:
    waits = one_waits(database, account_id)
    assert "1 that the quota told to wait ask again" in rapport(
        "quota", "set", "demo", "greet", "--per-day", "9"
    )
    with database.transaction() as session:
        row = action(session, waits)
        assert (row.state, row.reason, row.not_before <= database_now(session)) == (
            "planned", Reason.DAY_LIMIT, True,
        )  # fmt: skip
        row.not_before += HOUR
    assert "ask again" not in rapport("quota", "set", "demo", "visit", "--per-day", "9")
    assert "ask again" in rapport("quota", "reset", "demo", "greet")
    with database.transaction() as session:
        row = action(session, waits)
        row.reason, row.not_before = Reason.SITE_UNREACHABLE, row.not_before + HOUR
    assert "ask again" not in rapport("quota", "warm-up", "demo", "--from", "today")


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
    assert "none: the limits hold in full" in rapport("quota", "warm-up", "demo", "--skip")
    ended = str(today - timedelta(days=21))
    assert f"over since {today}" in rapport("quota", "warm-up", "demo", "--from", ended)
    for arguments, says in (
        ((), "give either --from DATE"),
        (("--skip", "--from", "today"), "give either --from DATE"),
        (("--from", "soon"), "'soon' is no date"),
        (("--from", str(today + timedelta(days=2))), "has not come yet"),
        (("--from", "0001-01-01"), "is before 1900"),
    ):
        assert says in rapport.refused("quota", "warm-up", "demo", *arguments)


def test_reset_closes_the_breaker_and_the_next_decision_counts_anew_from_the_ledger(
    database: Database, rapport: Rapport, used: Quota, account_id: int
) -> None:
    with database.transaction() as session:
        until = database_now(session) + HOUR
        for kind in (Kind.VISIT, Kind.GREET):
            ledger.write_breaker(session, account_id, kind, Breaker(3, 1, until))
        epochs.raise_epoch(session, account_id, seen=1)
    assert used.remaining(account_id, Kind.VISIT, "")[1].reason is Reason.BREAKER_OPEN
    said = rapport("quota", "show", "demo")
    assert f"open until {formatting.format_utc(until)}, after 3 faults of the site in a row" in said
    held = used.reserve(account_id, Kind.COLLECT, "run", "collect:1")
    assert held.decision.granted
    assert "the breaker for visit is closed" in rapport("quota", "reset", "demo", "visit")
    with database.transaction() as session:  # what was granted before can't act any more
        assert not epochs.is_current_epoch(session, account_id, held.context.epoch)
    context, decision = used.remaining(account_id, Kind.VISIT, "")
    assert (decision.verdict, decision.reason, decision.breaker) == (Verdict.REMAINING, None, Breaker())
    assert decision.remaining is not None
    assert decision.remaining.day == context.limits.per_day  # only reserved, never used: not in the ledger
    assert used.remaining(account_id, Kind.GREET, "")[1].reason is Reason.BREAKER_OPEN
    assert "all breakers are closed" in rapport("quota", "reset", "demo")
    assert used.remaining(account_id, Kind.GREET, "")[1].reason is None
    with database.transaction() as session:
        gate = session.get_one(QuotaGate, (account_id, Kind.GREET))
        assert (gate.failures, gate.open_until) == (0, None)


def test_the_log_tells_who_changed_what(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        account_id = an_account(session, "ann").id
        session.execute(update(Account).values(site="sandbox"))
    rapport("quota", "set", "ann", "visit", "--per-day", "9", "--gap", "5s")
    rapport("quota", "set", "ann", "all", "--per-day", "9")
    rapport("quota", "warm-up", "ann", "--from", "2026-01-05")
    rapport("quota", "reset", "ann", "visit")
    lines = rapport("quota", "log", "ann", "--limit", "4").splitlines()[1:]
    told = [" ".join(line.split()[2:]) for line in lines]
    assert told == [
        "ops@host breaker breakers closed (visit), counters built anew",
        "ops@host warm-up from none → 2026-01-05",
        "ops@host all kinds together a day 10000 → 9",
        "ops@host visit a day 40 → 9; gap 45s-120s → 5s",
    ]
    assert account_id
    rapport("account", "add", "bea")
    assert "nothing was changed" in rapport("quota", "log", "bea")


def test_every_command_refuses_an_account_that_is_not_there(rapport: Rapport) -> None:
    for command in (
        ("show",),
        ("log",),
        ("reset",),
        ("warm-up", "--skip"),
        ("set", "greet", "--per-day", "1"),
    ):
        verb, *rest = command
        assert "no account called 'nobody'" in rapport.refused("quota", verb, "nobody", *rest)


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
