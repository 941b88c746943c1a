"""The service's own state below /v1, also while a server doesn't answer."""

from datetime import timedelta

from db.engine import Database
from db.store import refused_messages, upkeep
from db.store.kill_switch import pull_kill_switch
from db.store.people import accounts
from tests.builders import a_contact, add_planned, an_account
from tests.http.conftest import Front, TestClient
from tests.http.v1.conftest import ClientAs
from worker import clock, queues
from worker.errors import Reason
from worker.rules.wire.refusals import Refusal, RefusedMessage
from worker.servers import redis_address


def test_it_names_what_is_stopped_late_and_waiting(
    v1: TestClient, database: Database, redis_url: str
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        accounts.stop_account(session, account.id, Reason.CHALLENGE)
        an_account(session, "other")
        add_planned(session, account, a_contact(session, account, "ann"))
        upkeep.take_due_jobs(session, lease=timedelta(minutes=1))
    with queues.connect(redis_address.parse(redis_url)) as redis:
        queues.record_consumer(redis, "all@box", queues.ALL_QUEUES, asked_s=0, busy_s=None)
    told = v1.get("/v1/status").json()
    store, broker = told["store"], told["broker"]
    assert store["kill_switch"]["on"] is False
    assert store["stopped_accounts"] == [
        {"account": "demo", "cause": "account_stopped", "reason": "challenge"},
        {"account": "other", "cause": "not_signed_in", "reason": None},
    ]
    assert store["open_actions"] == [{"kind": "greet", "state": "planned", "count": 1}]
    assert {job["job"]: job["is_late"] for job in store["upkeep"]}["quota"] is False
    assert [each["name"] for each in broker["workers"]] == ["all@box"]
    assert {each["name"]: each["workers"] for each in broker["queues"]}["control"] == ["all@box"]
    with database.transaction() as session:
        pull_kill_switch(session, "ops")
    assert v1.get("/v1/status").json()["store"]["stopped_accounts"][0]["cause"] == "kill_switch"


def test_it_answers_while_redis_and_postgres_do_not(front: Front) -> None:
    away = front(database_url="postgresql://u:p@127.0.0.1:1/x", redis_url="redis://127.0.0.1:1/0")
    told = away.get("/v1/status").json()
    assert (told["store"], told["broker"]) == (None, None)
    assert told["version"]


def test_the_checks_of_the_doctor_that_this_process_can_make(v1_as: ClientAs, database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
    found = {each["what"]: each for each in v1_as("read").get("/v1/checks").json()["checks"]}
    assert found["sign-ins"]["ok"] is True
    assert found["notices"]["advice"] == "`rapport notify add`"


def test_refused_messages_come_in_pages(v1: TestClient, database: Database) -> None:
    refused = [
        RefusedMessage(clock.now(), "control", reason, "task: unknown", size, "0" * 64)
        for size, reason in enumerate((Refusal.NOT_JSON, Refusal.TOO_LARGE, Refusal.NOT_JSON))
    ]
    with database.transaction() as session:
        refused_messages.save_refused_messages(session, refused)
    first = v1.get("/v1/refused-messages", params={"limit": 2}).json()
    rest = v1.get("/v1/refused-messages", params={"limit": 2, "cursor": first["next"]}).json()
    assert [each["size_bytes"] for each in [*first["items"], *rest["items"]]] == [2, 1, 0]
    only = v1.get("/v1/refused-messages", params={"reason": "too_large"}).json()["items"]
    assert [each["reason"] for each in only] == ["too_large"]
