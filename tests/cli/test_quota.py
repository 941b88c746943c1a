"""`rapport quota`: what it shows, what it changes, and what it refuses."""

import json
from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from db.engine import Database
from db.store import accounts, limits, quota
from tasks.quota import Quota
from tests.builders import an_account, database_now
from tests.cli.conftest import Rapport
from worker.quota import guard
from worker.quota.guard import Guard
from worker.rules.breaker import Breaker, Outcome
from worker.rules.limits import Limits
from worker.rules.model import Kind
from worker.rules.quota import Verb

FEW = Limits(10, 10, 40, timedelta(0), timedelta(0), reserved_per_day=4)


@pytest.fixture
def account(database: Database) -> int:
    with database.transaction() as session:
        return an_account(session, "ann", limits=FEW).id


@pytest.fixture
def use(database: Database, redis_url: str, account: int) -> Callable[[int], None]:
    """Uses so many greetings up."""
    asking = Quota(database, Guard(guard.connect(redis_url)), lease=timedelta(minutes=5))

    def take(count: int) -> None:
        for number in range(count):
            grant = asking.reserve(account, Kind.GREET, "run", f"{number}:1")
            assert grant.decision.granted
            asking.settle(grant, Verb.COMMIT, Outcome.SUCCESS)

    return take


def linkedin(database: Database) -> None:
    with database.transaction() as session:
        accounts.add(session, name="real", site="linkedin", zone=ZoneInfo("Europe/Paris"))


def test_it_shows_what_is_used_and_left_of_each_window(rapport: Rapport, use: Callable[[int], None]) -> None:
    use(3)
    said = rapport("quota", "show", "ann")
    assert "told by Redis, which decides" in said
    assert "3 used      7 left  of    10" in said
    assert "3 used     37 left  of    40" in said
    assert "█" in said
    assert "4 of the day of all kinds together" in said


def test_the_same_as_json(rapport: Rapport, use: Callable[[int], None]) -> None:
    use(10)
    told = json.loads(rapport("quota", "show", "ann", "--json"))
    greet = told["kinds"]["greet"]
    assert greet["windows"]["day"] == {"used": 10, "left": 0, "limit": 10}
    assert greet["now"]["granted"] is False
    assert greet["now"]["reason"] == "day_limit"


def test_without_redis_the_ledger_tells(
    rapport: Rapport, account: int, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("RAPPORT_REDIS_URL", "redis://127.0.0.1:1/0")
    environment.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    assert "Postgres decides meanwhile" in rapport("quota", "show", "ann")


def test_a_change_says_before_and_after_and_holds_at_once(
    rapport: Rapport, database: Database, account: int, use: Callable[[int], None]
) -> None:
    said = rapport(
        "quota", "set", "ann", "greet", "--per-day", "8", "--gap", "2m-4m", "--hours", "08:00-18:00",
        "--days", "mon-fri",
    )  # fmt: skip
    assert "10 → 8" in said or "10 -> 8" in said
    assert "it holds from the next decision on" in said
    with database.transaction() as session:
        own = limits.own(session, account, Kind.GREET)
    assert (own.per_day, own.per_week, own.gap_max) == (8, 40, timedelta(minutes=4))
    assert own.hours.days == frozenset(range(5))
    log = rapport("quota", "log", "ann")
    assert "greet" in log
    assert "8" in log


def test_all_kinds_together_have_limits_too(rapport: Rapport, database: Database, account: int) -> None:
    rapport("quota", "set", "ann", "all", "--per-day", "5", "--per-week", "20")
    with database.transaction() as session:
        assert limits.own_totals(session, account).per_day == 5


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("greet", "--per-day", "50"), "a day's limit (50) above the week's (40)"),
        (("greet", "--per-week", "5"), "above the week's (5)"),
        (("greet", "--hours", "19:00-07:00"), "opening < closing"),
        (("greet", "--hours", "late"), "no hours"),
        (("greet", "--days", "someday"), "no day"),
        (("greet", "--gap", "soon"), "no duration"),
        (("greet", "--gap", "1m", "--gap-max", "2m"), "either --gap"),
        (("greet", "--reserve", "11"), "(11) above the day's limit (10)"),
        (("all", "--per-run", "5"), "only --per-day and --per-week"),
        (("greet",), "nothing to change"),
    ],
)
def test_what_contradicts_itself_is_refused_and_nothing_changes(
    rapport: Rapport, database: Database, account: int, *, arguments: tuple[str, ...], told: str
) -> None:
    assert told in rapport.refused("quota", "set", "ann", *arguments)
    with database.transaction() as session:
        assert limits.own(session, account, Kind.GREET) == FEW


def test_no_setting_exceeds_a_real_sites_ceiling(rapport: Rapport, database: Database) -> None:
    linkedin(database)
    assert "hard ceiling of 30" in rapport.refused("quota", "set", "real", "greet", "--per-day", "31")
    assert "hard ceiling of 110" in rapport.refused(
        "quota", "set", "real", "all", "--per-day", "111", "--per-week", "550"
    )
    rapport("quota", "set", "real", "greet", "--per-day", "30", "--per-week", "120")


def test_a_warm_up_cuts_what_holds_now_and_can_be_skipped(rapport: Rapport, database: Database) -> None:
    linkedin(database)
    assert "warm-up" in rapport("quota", "warm-up", "real", "--from", "today")
    assert json.loads(rapport("quota", "show", "real", "--json"))["kinds"]["greet"]["windows"]["day"] == {
        "used": 0, "left": 5, "limit": 5,
    }  # fmt: skip
    rapport("quota", "warm-up", "real", "--skip")
    told = json.loads(rapport("quota", "show", "real", "--json"))
    assert told["kinds"]["greet"]["windows"]["day"]["limit"] == 15
    assert "has not come yet" in rapport.refused("quota", "warm-up", "real", "--from", "2999-01-01")


def test_a_reset_closes_the_breaker_and_forgives_nothing(
    rapport: Rapport, database: Database, redis_url: str, account: int, use: Callable[[int], None]
) -> None:
    use(2)
    asking = Quota(database, Guard(guard.connect(redis_url)), lease=timedelta(minutes=5))
    with database.transaction() as session:
        now = limits.purse(session, account, Kind.GREET, "").purse
        far = Breaker(5, 1, database_now(session) + timedelta(hours=1))
        quota.write_breaker(session, account, Kind.GREET, far)
    asking.rebuild(now, in_postgres=False)
    assert "open until" in rapport("quota", "show", "ann")
    assert "the breaker for greet is closed" in rapport("quota", "reset", "ann", "greet")
    assert asking.reserve(account, Kind.GREET, "run", "next:1").decision.granted
    assert "open until" not in rapport("quota", "show", "ann")


def test_an_unknown_account_is_named(rapport: Rapport) -> None:
    for verb in (("show",), ("set", "greet"), ("reset",), ("log",), ("warm-up", "--skip")):
        name, *rest = verb
        more = ["--per-day", "1"] if name == "set" else []
        arguments = ["quota", name, "nobody", *rest, *more]
        assert "nobody" in rapport.refused(*arguments)
