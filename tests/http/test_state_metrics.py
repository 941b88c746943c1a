"""What /metrics says of the state is read at each scrape: never yesterday's, never a removed account's."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.orm import Session

from api_stub.http.state_metrics import read_state
from db.engine import Database
from db.store.actions import control
from db.store.kill_switch import pull_kill_switch
from db.store.metrics import totals
from db.store.people import accounts
from db.store.quota import ledger
from tests.builders import TEN, a_contact, add_planned, add_proposed, an_account, database_now
from tests.db.helpers import run_without_triggers
from tests.http.conftest import KEY, Front, TestClient
from worker.errors import Reason
from worker.metrics import state
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker

Values = dict[tuple[str, ...], float]


def scrape(client: TestClient, name: str) -> Values:
    """Return the series of a metric by their labels' values, in the order of the labels' names."""
    answer = client.get("/metrics")
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == name
    }


def use_a_unit(session: Session, action_id: UUID, ago: str = "0 s") -> None:
    run_without_triggers(
        session,
        "update actions set state = 'done', acting_attempt = 1, "
        "acting_since = now() - cast(:ago as interval) where id = :id",
        ago=ago, id=action_id,
    )  # fmt: skip


def move(session: Session, action_id: UUID, *states: str, reason: str | None = None) -> None:
    for each in states:
        session.execute(
            text("update actions set state = :state, reason = :reason, lease_until = now() where id = :id"),
            {"state": each, "reason": reason, "id": action_id},
        )


def let_pass(session: Session, hours: int) -> None:
    """Let all events be older by so many hours."""
    run_without_triggers(session, f"update action_events set at = at - interval '{hours} hours'")


def test_what_dashboards_of_the_predecessor_read_is_there_from_the_start(client: TestClient) -> None:
    sent = scrape(client, "linkedin_birthday_messages_sent_total")
    assert sent == {("success",): 0, ("failed",): 0}
    assert scrape(client, "linkedin_contacts_processed_total") == {
        (outcome, source): 0
        for source in ("birthday", "visitor", "sourcing", "import")
        for outcome in ("success", "skip", "failed")
    }
    assert scrape(client, "linkedin_rate_limit_remaining") == {("daily",): 0, ("weekly",): 0}


def test_what_is_left_is_counted_at_each_scrape_for_the_active_account_with_the_least(
    client: TestClient, database: Database
) -> None:
    with database.transaction() as session:
        for name in ("idle", "demo", "resting"):
            account = an_account(session, name, limits=TEN)
            if name != "idle":
                use_a_unit(session, add_planned(session, account, a_contact(session, account, name)))
        use_a_unit(session, add_planned(session, account, a_contact(session, account, "bea")))
        control.pause_account(session, account.id)
    for ago, day in (("0 s", TEN.per_day - 1), ("25 hours", TEN.per_day)):
        with database.transaction() as session:
            run_without_triggers(
                session, "update actions set acting_since = now() - cast(:ago as interval)", ago=ago
            )
        assert scrape(client, "linkedin_rate_limit_remaining") == {
            ("daily",): day,
            ("weekly",): TEN.per_week - 1,
        }
        assert scrape(client, "rapport_quota_remaining")["greet", "day"] == day
        assert scrape(client, "rapport_quota_used")["greet", "week"] == 1
    with database.transaction() as session:
        session.execute(text("update accounts set removed_at = now()"))
    assert scrape(client, "linkedin_rate_limit_remaining") == {("daily",): 0, ("weekly",): 0}
    assert scrape(client, "rapport_quota_remaining") == {}


def test_accounts_are_named_only_on_request_and_only_so_many(
    front: Front, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        for name in ("ann", "bea", "cas"):
            account = an_account(session, name, limits=TEN)
        use_a_unit(session, add_planned(session, account, a_contact(session, account, "x")))
        control.pause_account(session, account.id)
    assert 'account="' not in front().get("/metrics").text.replace(
        'rapport_account_stopped{account="cas"', ""
    )
    by_account = front(metrics_account_labels=True)
    left = scrape(by_account, "rapport_quota_remaining")
    assert {who: left[who, "greet", "day"] for who in ("ann", "cas")} == {"ann": 10, "cas": 9}
    assert len(left) == 3 * len(Kind) * 5
    monkeypatch.setattr(state, "MOST_ACCOUNTS", 2)
    assert {who for who, *_ in scrape(by_account, "rapport_quota_used")} == {"ann", "bea"}


def test_open_actions_are_counted_and_the_oldest_of_a_state_is_as_old_as_its_last_move(
    client: TestClient, database: Database
) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        first, second, third = (
            add_proposed(session, account, a_contact(session, account, slug))
            for slug in ("ann", "bea", "cas")
        )
        flying = add_planned(session, other, a_contact(session, other, "ann"))
        let_pass(session, 3)
        session.execute(text("update actions set approval = 'x', approved_by = 'x' where state = 'proposed'"))
        move(session, flying, "queued")
        let_pass(session, 2)
        move(session, flying, "claimed")
        move(session, second, "planned", "queued", "claimed", "acting", "uncertain", reason="proof_missing")
        let_pass(session, 1)
        move(session, third, "planned", "skipped", reason="dropped_by_hand")
        session.execute(text("update actions set lease_until = null where state <> 'claimed'"))
    found = scrape(client, "rapport_actions")
    assert {key: count for key, count in found.items() if count} == {
        ("greet", "proposed"): 1, ("greet", "claimed"): 1, ("greet", "uncertain"): 1,
    }  # fmt: skip
    assert len(found) == len(Kind) * 7
    hours = {
        state: age // 3600 for (state,), age in scrape(client, "rapport_oldest_action_age_seconds").items()
    }
    assert hours == {"proposed": 6, "claimed": 1, "acting": 0, "uncertain": 1, "needs_review": 0}
    assert scrape(client, "rapport_oldest_lease_age_seconds")[()] // 3600 == 3
    with database.transaction() as session:
        move(session, first, "planned", "proposed", reason="name_differs")
    assert scrape(client, "rapport_oldest_action_age_seconds")["proposed",] < 3600
    transitions = scrape(client, "rapport_action_transitions_total")
    assert transitions["greet", "name_differs", "proposed"] == 1
    assert transitions["greet", "dropped_by_hand", "skipped"] == 1


@pytest.mark.parametrize("halted", ["", "account", "campaign", "kill switch"])
def test_what_is_due_is_late_unless_it_is_meant_to_wait(
    client: TestClient, database: Database, halted: str
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        add_planned(session, account, a_contact(session, account, "ann"))
        add_planned(session, account, a_contact(session, account, "bea"))
        session.execute(text("update campaigns set state = 'planned'"))
        session.execute(text("update actions set not_before = now() - interval '2 hours'"))
        if halted == "account":
            control.pause_account(session, account.id)
        elif halted == "campaign":
            session.execute(text("update campaigns set state = 'paused'"))
        elif halted:
            pull_kill_switch(session, "ops@host")
    late = scrape(client, "rapport_oldest_due_action_age_seconds")
    assert late["greet",] // 3600 == (0 if halted else 2)
    assert (late["visit",], late["collect",], late["withdraw",]) == (0, 0, 0)


def test_accounts_are_counted_by_what_stops_them_and_sessions_by_age(
    client: TestClient, database: Database
) -> None:
    with database.transaction() as session:
        for name, days in (("ann", 0), ("bea", 3), ("cas", 20), ("dan", 90), ("eve", None), ("new", None)):
            account = an_account(session, name)
            if name != "new":
                accounts.save_session(session, account.id, b"sealed")
                session.execute(
                    text(
                        "update accounts set session_proven_at = now() - :days * interval '1 day' "
                        "where name = :name"
                    ),
                    {"days": days, "name": name},
                )
        accounts.stop_account(session, account.id, Reason.CHALLENGE)
        session.execute(text("update accounts set removed_at = now() where name = 'dan'"))
    assert scrape(client, "rapport_accounts") == {
        ("", "sandbox", "active"): 4, ("challenge", "sandbox", "stopped"): 1,
    }  # fmt: skip
    assert scrape(client, "rapport_sessions") == {
        ("under_1_day",): 1, ("under_7_days",): 1, ("under_30_days",): 1, ("older",): 1, ("none",): 1,
    }  # fmt: skip


def test_breakers_are_counted_by_state(client: TestClient, database: Database) -> None:
    with database.transaction() as session:
        ids = [an_account(session, name).id for name in ("ann", "bea", "cas", "dan")]
        now = database_now(session)
        for account_id, until in zip(ids, (now.replace(year=2100), now, None), strict=False):
            ledger.write_breaker(session, account_id, Kind.VISIT, Breaker(3, 1, until))
    found = scrape(client, "rapport_breakers")
    assert {state: found["visit", state] for state in ("closed", "open", "half_open")} == {
        "closed": 2, "open": 1, "half_open": 1,
    }  # fmt: skip
    assert found["greet", "closed"] == 4


def test_the_fallback_is_in_force_while_redis_does_not_answer(front: Front) -> None:
    assert scrape(front(), "rapport_quota_fallback_in_force") == {(): 0}
    away = front(redis_url="redis://127.0.0.1:1/0")
    assert scrape(away, "rapport_quota_fallback_in_force") == {(): 1}


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
    assert scrape(client, "rapport_upkeep_last_success_timestamp_seconds")["retention",] == 1000
    assert scrape(client, "rapport_upkeep_last_failure_timestamp_seconds")["retention",] == 2000
    assert scrape(client, "rapport_upkeep_late") == {("retention",): 1}


def test_the_expiry_of_a_sign_in_is_a_time(client: TestClient, database: Database) -> None:
    expires = {"demo": datetime.fromtimestamp(2_000_000_000, UTC), "bea": None}
    with database.transaction() as session:
        for name, at in expires.items():
            accounts.save_session(session, an_account(session, name).id, b"sealed", expires_at=at)
    assert scrape(client, "rapport_sign_in_expires_timestamp_seconds") == {("demo",): 2_000_000_000}


def test_without_postgres_no_state_is_shown(front: Front) -> None:
    away = front(database_url="postgresql://u:p@127.0.0.1:1/x")
    answer = away.get("/metrics", headers={"X-API-Key": KEY})
    assert answer.status_code == 200
    for name in (
        "linkedin_rate_limit_remaining",
        "rapport_upkeep",
        "rapport_account_stopped",
        "rapport_actions{",
    ):
        assert name not in answer.text


def test_a_table_that_somebody_holds_delays_a_scrape_no_longer_than_a_statement_may_take(
    database: Database, database_url: str
) -> None:
    patient = Database(database_url, application_name="tests", statement_timeout_ms=50)
    with database.transaction() as session:
        session.execute(text("lock table people_totals"))
        (absent,) = read_state(patient)
        assert absent == state.POSTGRES_UP.build([((), 0)])
    assert len(read_state(patient)) > 1
    patient.close()


def test_a_scrape_is_of_one_moment(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    read = totals.read

    def read_while_an_account_is_added(session: Session) -> Iterator[Any]:
        yield from read(session)
        with database.transaction() as other:
            an_account(other)

    monkeypatch.setattr(totals, "read", read_while_an_account_is_added)
    for accounts_before in (0, 1):
        (found,) = (each for each in read_state(database) if each.name == "rapport_accounts")
        assert len(found.samples) == accounts_before
