"""`rapport quota`: the output of show, reset and log, and show's source when Redis can't answer."""

import json

import pytest
from sqlalchemy import update

from api_stub.cli import formatting
from db.engine import Database
from db.store.people import accounts
from db.store.quota import epochs, ledger
from db.tables import Account, Action, QuotaGate
from tasks.quota import Quota
from tests.builders import a_contact, add_planned, an_account, database_now
from tests.cli.conftest import Rapport
from tests.cli.quota.helpers import HOUR, add_denied
from tests.quota.helpers import is_current_epoch
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.model import Verdict


def test_show_tells_each_kind_s_windows_and_all_kinds_together(
    database: Database, rapport: Rapport, quota: Quota, account_id: int
) -> None:
    add_denied(database, account_id)
    lines = rapport("quota", "show", "demo").splitlines()
    assert "read from Redis, which decides" in lines[2]
    visit = lines.index("visit  a visit would be allowed now")
    assert lines[visit + 1].split() == ["day", "█" * 5 + "░" * 15, "3", "used", "9", "left", "of", "12"]
    assert lines[visit + 2].split()[2:] == ["█" + "░" * 19, "3", "used", "47", "left", "of", "50"]
    assert any("of all kinds   13 left today: 4 are reserved for others" in line for line in lines)
    together = lines.index("all kinds together")
    assert lines[together + 1].split()[2:] == ["3", "used", "17", "left", "of", "20"]
    with database.transaction() as session:
        until = formatting.format_time(database_now(session) + 5 * HOUR, formatting.UTC_ZONE)[:13]
    assert any(
        f"Ann [x] waits until {until}" in line and "the day's limit is reached" in line for line in lines
    )


def test_show_keeps_to_its_width_and_to_ascii_where_it_must(
    rapport: Rapport, quota: Quota, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("COLUMNS", "80")
    said = rapport("quota", "show", "demo")
    assert max(map(len, said.splitlines())) <= 80


def test_show_tells_the_same_as_json(rapport: Rapport, quota: Quota) -> None:
    answer = json.loads(rapport("quota", "show", "demo", "--json"))
    assert answer["told_by"] == "redis"
    assert answer["together"]["day"] == {"used": 3, "left": 17, "limit": 20}
    visit = answer["kinds"]["visit"]
    assert visit["windows"]["day"] == {"used": 3, "left": 9, "limit": 12}
    assert visit["now"] == {"granted": True, "reason": None, "retry_at": None}
    assert visit["breaker"] == {"state": "closed", "failures": 0, "open_until": None}
    assert visit["left_of_all_day"] == 13


def test_show_tells_the_ledger_s_numbers_where_redis_cannot(
    rapport: Rapport, account_id: int, environment: pytest.MonkeyPatch
) -> None:
    assert "because Redis' counters are not built yet" in rapport("quota", "show", "demo")
    environment.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    assert "because Redis does not answer. Postgres decides" in rapport("quota", "show", "demo")
    assert json.loads(rapport("quota", "show", "demo", "--json"))["told_by"] == "ledger_redis_away"


def test_a_window_that_was_lowered_below_its_use_says_how_much_is_used(
    database: Database, rapport: Rapport, quota: Quota, account_id: int
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
    assert quota.remaining(account_id, Kind.WITHDRAW, "")[1].reason is Reason.DAY_LIMIT
    answer = json.loads(rapport("quota", "show", "demo", "--json"))
    assert (answer["told_by"], answer["kinds"]["withdraw"]["windows"]["day"]) == (
        "redis", {"used": 3, "left": 0, "limit": 2},
    )  # fmt: skip
    assert answer["together"]["day"]["used"] == 3


def test_reset_closes_the_breaker_and_the_next_decision_counts_anew_from_the_ledger(
    database: Database, rapport: Rapport, quota: Quota, account_id: int
) -> None:
    with database.transaction() as session:
        until = database_now(session) + HOUR
        for kind in (Kind.VISIT, Kind.GREET):
            ledger.write_breaker(session, account_id, kind, Breaker(3, 1, until))
        epochs.raise_epoch(session, account_id, seen=1)
    assert quota.remaining(account_id, Kind.VISIT, "")[1].reason is Reason.BREAKER_OPEN
    said = rapport("quota", "show", "demo")
    opens = formatting.format_time(until, formatting.UTC_ZONE)
    assert f"open until {opens}, after 3 faults of the site in a row" in said
    held = quota.reserve(account_id, Kind.COLLECT, "run", "collect:1")
    assert held.decision.granted
    assert "the breaker for visit is closed" in rapport("quota", "reset", "demo", "visit")
    with database.transaction() as session:  # earlier grants are not valid any more
        assert not is_current_epoch(session, account_id, held.context.epoch)
    context, decision = quota.remaining(account_id, Kind.VISIT, "")
    assert (decision.verdict, decision.reason, decision.breaker) == (Verdict.REMAINING, None, Breaker())
    assert decision.remaining is not None
    assert decision.remaining.day == context.limits.per_day  # only reserved, never used: not in the ledger
    assert quota.remaining(account_id, Kind.GREET, "")[1].reason is Reason.BREAKER_OPEN
    assert "all breakers are closed" in rapport("quota", "reset", "demo")
    assert quota.remaining(account_id, Kind.GREET, "")[1].reason is None
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
    changes = [" ".join(line.split("\t")[1:]) for line in lines]
    assert changes == [
        "ops@host breaker breakers closed (visit), counters rebuilt",
        "ops@host warm-up from none → 2026-01-05",
        "ops@host all kinds together a day 10000 → 9",
        "ops@host visit a day 40 → 9; gap 45s-120s → 5s",
    ]
    assert account_id
    rapport("account", "add", "bea", "--site", "sandbox")
    assert "no limit was changed" in rapport("quota", "log", "bea")


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
