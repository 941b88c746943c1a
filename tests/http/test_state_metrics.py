"""The gauges of /metrics are read when they are asked: never yesterday's value, never a removed account's."""

from datetime import UTC, datetime

from sqlalchemy import text

from db.engine import Database
from db.store.people import accounts
from tests.builders import TEN, a_contact, add_planned, an_account
from tests.db.helpers import run_without_triggers
from tests.http.conftest import KEY, Front, TestClient

DAY = 'linkedin_rate_limit_remaining{{account="{}",kind="greet",period="day"}}'


def value(client: TestClient, series: str) -> float | None:
    found = [line for line in client.get("/metrics").text.splitlines() if line.startswith(series)]
    return float(found[0].split()[-1]) if found else None


def test_what_is_left_today_is_counted_at_each_scrape(client: TestClient, database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session, limits=TEN)
        action = add_planned(session, account, a_contact(session, account, "ann"))
    series = DAY.format(account.id)
    assert value(client, series) == TEN.per_day
    used = (
        "update actions set state = 'done', acting_attempt = 1, acting_since = now() - cast(:ago as interval)"
    )
    for ago, left in (("0 s", TEN.per_day - 1), ("25 hours", TEN.per_day)):
        with database.transaction() as session:
            run_without_triggers(session, f"{used} where id = :id", ago=ago, id=action)
        assert value(client, series) == left
    with database.transaction() as session:
        session.execute(text("update accounts set removed_at = now()"))
    assert value(client, series) is None


def test_upkeep_says_when_it_last_succeeded_and_failed_and_what_is_late(
    client: TestClient, database: Database
) -> None:
    with database.transaction() as session:
        session.execute(
            text(
                "update upkeep_jobs set last_ok_at = to_timestamp(1000), error = 'x', failures = 1, "
                "last_failed_at = to_timestamp(2000) where name = 'retention'"
            )
        )
    assert value(client, 'rapport_upkeep_last_success_timestamp_seconds{job="retention"}') == 1000
    assert value(client, 'rapport_upkeep_last_failure_timestamp_seconds{job="retention"}') == 2000
    assert value(client, 'rapport_upkeep_late{job="retention"}') == 1
    assert value(client, 'rapport_upkeep_late{job="quota"}') is None


def test_the_expiry_of_a_sign_in_is_a_time(client: TestClient, database: Database) -> None:
    expires = {"demo": datetime.fromtimestamp(2_000_000_000, UTC), "bea": None}
    with database.transaction() as session:
        for name, at in expires.items():
            accounts.save_session(session, an_account(session, name).id, b"sealed", expires_at=at)
    shown = 'rapport_sign_in_expires_timestamp_seconds{account="%s"}'
    assert [value(client, shown % name) for name in expires] == [2_000_000_000, None]


def test_without_postgres_no_state_is_shown(front: Front) -> None:
    away = front(database_url="postgresql://u:p@127.0.0.1:1/x")
    answer = away.get("/metrics", headers={"X-API-Key": KEY})
    assert answer.status_code == 200
    for name in ("linkedin_rate_limit_remaining", "rapport_upkeep", "rapport_account_stopped"):
        assert name not in answer.text
