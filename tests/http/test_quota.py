"""`GET /data/quota`: the account's quota by the ledger in Postgres."""

from datetime import timedelta

from sqlalchemy import update

from db.engine import Database
from db.store.quota import limits
from db.tables import Action
from tests.builders import a_contact, add_planned, an_account
from tests.http.conftest import Front, TestClient
from tests.http.front_door.test_front_door import problem
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits, Totals


def test_an_account_s_quota_is_told_by_the_ledger_also_without_redis(
    front: Front, database: Database
) -> None:
    with database.transaction() as session:
        account = an_account(session, limits=Limits(5, 2, 9, timedelta(0), timedelta(0), reserved_per_day=2))
        limits.set_totals(session, account.id, Totals(20, 100), by="tests")
        for slug in ("ann", "bob"):
            add_planned(session, account, a_contact(session, account, slug))
        session.execute(update(Action).values(acting_since=Action.created_at, acting_attempt=1))
        limits.cut_limits(session, account.id, Kind.VISIT)
    told = front(redis_url="redis://127.0.0.1:1/0").get("/data/quota", params={"account": "demo"}).json()
    assert (told["account"], told["site"], told["time_zone"]) == ("demo", "sandbox", "UTC")
    assert told["told_by"] == "ledger"
    assert told["warm_up"] == {"began_on": None, "share": 1.0}
    assert told["together"]["day"] == {"used": 2, "left": 18, "limit": 20}
    greet, visit = told["kinds"]["greet"], told["kinds"]["visit"]
    assert greet["windows"]["day"] == {"used": 2, "left": 0, "limit": 2}
    assert greet["windows"]["week"] == {"used": 2, "left": 7, "limit": 9}
    assert (greet["now"]["granted"], greet["now"]["reason"]) == (False, "day_limit")
    assert greet["hours"]["days"][:2] == ["mon", "tue"]
    assert (greet["hours"]["opens"], greet["hours"]["closes"]) == ("00:00", "24:00")
    assert visit["windows"]["day"]["limit"] == 28
    assert visit["now"]["reason"] == "limit_page"
    assert visit["paused_until"] == visit["now"]["retry_at"] < visit["cut_until"]


def test_an_unknown_account_and_none_are_problems(client: TestClient) -> None:
    unknown = client.get("/data/quota", params={"account": "nobody"})
    assert problem(unknown, 404) == "there is no account called 'nobody'"
    assert "account" in problem(client.get("/data/quota"), 422)
    assert "account" in problem(client.get("/data/quota", params={"account": "No Name"}), 422)


def test_the_schema_says_what_the_numbers_are(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()["components"]["schemas"]["QuotaAnswer"]
    assert "come from the ledger in Postgres" in schema["description"]
