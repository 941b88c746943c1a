"""A stopped account is in /ready, in the metrics and in every answer about it; the service stays ready."""

from db.engine import Database
from db.store.actions import control
from db.store.kill_switch import pull_kill_switch
from db.store.people import accounts
from tests.builders import TEN, a_campaign, an_account
from tests.http.conftest import KEY, Front, TestClient
from worker import queues
from worker.errors import Reason
from worker.servers import redis_address


def test_ready_names_it_and_stays_ready_for_the_other_accounts(
    client: TestClient, front: Front, database: Database, redis_url: str
) -> None:
    with database.transaction() as session:
        accounts.stop_account(session, an_account(session).id, Reason.CHALLENGE)
        an_account(session, "new")
        an_account(session, "real", site="linkedin", limits=TEN)
        control.pause_account(session, an_account(session, "resting").id)
    with queues.connect(redis_address.parse(redis_url)) as redis:
        queues.record_consumer(redis, "all@box", queues.ALL_QUEUES, asked_s=0, busy_s=None)
    answer = client.get("/ready")
    assert answer.status_code == 200
    assert answer.json()["checks"]["accounts"] == {
        "ok": True, "detail": "stopped: demo: challenge, resting: account_paused",
    }  # fmt: skip
    stranger = front()
    del stranger.headers["X-API-Key"]
    assert stranger.get("/ready").json() == {"ready": True}


def test_the_metrics_have_a_series_for_each_until_it_goes_on(client: TestClient, database: Database) -> None:
    with database.transaction() as session:
        demo, resting = an_account(session), an_account(session, "resting")
        accounts.stop_account(session, demo.id, Reason.LIMIT_PAGE)
        control.pause_account(session, resting.id)
    told = client.get("/metrics").text
    assert 'rapport_account_stopped{account="demo",reason="limit_page"} 1.0' in told
    assert 'rapport_account_stopped{account="resting",reason="account_paused"} 1.0' in told
    with database.transaction() as session:
        accounts.save_session(session, demo.id, b"sealed")
        control.resume_account(session, resting.id)
    assert "rapport_account_stopped{" not in client.get("/metrics").text
    with database.transaction() as session:
        pull_kill_switch(session, "ops@host")
    assert 'rapport_account_stopped{account="demo",reason="kill_switch"} 1.0' in client.get("/metrics").text


def test_without_postgres_the_other_metrics_are_exposed(front: Front) -> None:
    answer = front(database_url="postgresql://u:p@127.0.0.1:1/x").get("/metrics", headers={"X-API-Key": KEY})
    assert answer.status_code == 200
    assert "rapport_account_stopped" not in answer.text


def test_every_answer_about_the_account_says_what_stops_it(client: TestClient, database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        accounts.save_session(session, account.id, b"sealed")
        campaign = a_campaign(session, account)
    paths = (f"/control/campaigns/{campaign}", "/data/summary?account=demo", "/data/forecast?account=demo")
    assert [client.get(path).json()["stopped_by"] for path in paths] == [None] * 3
    with database.transaction() as session:
        accounts.stop_account(session, account.id, Reason.CHALLENGE)
    assert [client.get(path).json()["stopped_by"] for path in paths] == ["challenge"] * 3
    assert client.get("/control/campaigns").json()["items"][0]["progress"] == "reading"
